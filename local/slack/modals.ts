import { z } from 'zod';
import { refuseArguments } from './api-error.ts';
import { checkBlocks } from './block-check.ts';
import { plainText } from './block-elements.ts';
import type { View } from './things.ts';
import { newId, type Workspace } from './workspace.ts';

const shared = {
  blocks: z.array(z.unknown()),
  private_metadata: z.string().max(3000).default(''),
  callback_id: z.string().max(255).default(''),
  external_id: z.string().max(255).default(''),
};

const viewSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('modal'),
    ...shared,
    title: plainText(24),
    submit: plainText(24).nullish(),
    close: plainText(24).nullish(),
    clear_on_close: z.boolean().default(false),
    notify_on_close: z.boolean().default(false),
    submit_disabled: z.boolean().optional(),
  }),
  z.strictObject({ type: z.literal('home'), ...shared }),
]);

export type ViewContent = Pick<View, 'type' | 'blocks'> & Partial<View>;

/** Checks a view as Slack does. Throws `invalid_arguments` with the reasons. */
export function readView(given: unknown, type: 'modal' | 'home'): ViewContent {
  const parsed = viewSchema.safeParse(given);
  if (!parsed.success)
    return refuseArguments(
      parsed.error.issues.map(
        (issue) => `${issue.message} [json-pointer:/view/${issue.path.join('/')}]`,
      ),
    );
  if (parsed.data.type !== type)
    return refuseArguments([`must be of type ${type} [json-pointer:/view/type]`]);
  const blocks = checkBlocks(parsed.data.blocks, type);
  const asks = blocks.some((block) => block.type === 'input');
  if (asks && parsed.data.type === 'modal' && !parsed.data.submit)
    refuseArguments(['missing required field: submit [json-pointer:/view/submit]']);
  return { ...parsed.data, blocks } as ViewContent;
}

/** A view with its ids; on top of another one where that is given. */
export function newView(
  workspace: Workspace,
  content: ViewContent,
  { user, onto }: { readonly user: string; readonly onto?: View | undefined },
): View {
  const id = newId('V');
  const { team, bot } = workspace.seed;
  return {
    title: undefined,
    submit: null,
    close: null,
    private_metadata: '',
    callback_id: '',
    external_id: '',
    clear_on_close: false,
    notify_on_close: false,
    ...content,
    id,
    team_id: team.id,
    state: { values: {} },
    hash: newHash(workspace),
    root_view_id: onto?.root_view_id ?? id,
    previous_view_id: onto?.id ?? null,
    app_id: bot.app,
    app_installed_team_id: team.id,
    bot_id: bot.id,
    user,
  };
}

/** Puts other content into an open view; its place in the stack stays. */
export function replaceView(workspace: Workspace, view: View, content: ViewContent): View {
  const changed = { ...view, ...content, hash: newHash(workspace) };
  workspace.views.set(view.id, changed);
  workspace.changed();
  return changed;
}

const newHash = (workspace: Workspace): string =>
  `${Math.floor(workspace.now() / 1000)}.${newId('').slice(0, 8)}`;
