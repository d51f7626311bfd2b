import type { Message } from './slack/things.ts';
import type { Slack } from './slack/slack.ts';
import { people } from './seed.ts';
import type { Workspace } from './workspace.ts';

/**
 * Plays one promotion as people would: alice asks, alice’s own click is refused, bob approves. Prints the thread as
 * they would read it. Throws where it does not end with a digest and a patch.
 */
export async function playDemo(workspace: Workspace, print: (line: string) => void): Promise<void> {
  const { slack, builds } = workspace;
  const line = `build-decision ${builds.buildDecision.revision} because the hooks need it`;
  print(`alice types   /promote-image ${line}\n`);
  await slack.as(people.alice).command('/promote-image', line);
  const card = await slack.until(
    () => slack.messages().find((message) => hasButton(message, 'approve')),
    30_000,
  );
  print('alice clicks  Approve on her own request\n');
  await slack.as(people.alice).click(card.ts, 'approve');
  const refusal = await slack.until(() =>
    slack.ephemerals(people.alice).find(({ text }) => text.includes('second person')),
  );
  print(`              (only alice sees)  ${refusal.text}\n`);
  print('bob clicks    Approve\n');
  await slack.as(people.bob).click(card.ts, 'approve');
  const done = await slack.until(() => patchIn(slack, card.ts), 60_000);
  for (const message of slack.thread(card.ts)) printMessage(message, { slack, print });
  print(`\nThe patch ${done.name}:\n\n${done.content}`);
}

/** The patch in a thread, once its message is there. */
export function patchIn(
  slack: Slack,
  thread: string,
): { readonly name: string; readonly content: string } | undefined {
  const messages = slack.thread(thread);
  if (!messages.some(({ text }) => text.startsWith('Patch for'))) return undefined;
  const uploaded = messages
    .flatMap(({ files = [] }) => files)
    .find(({ name }) => name.endsWith('.patch'));
  const content = uploaded && slack.file(uploaded.id)?.bytes?.toString();
  return uploaded && content ? { name: uploaded.name, content } : undefined;
}

export function hasButton({ blocks = [] }: Message, actionId: string): boolean {
  return JSON.stringify(blocks).includes(`"action_id":"${actionId}"`);
}

function printMessage(
  message: Message,
  { slack, print }: { readonly slack: Slack; readonly print: (line: string) => void },
): void {
  const name = nameOf(message.user, slack);
  const lines = [
    ...textsOf(message.blocks ?? []),
    ...(message.files ?? []).map((file) => `[file ${file.name}]`),
  ];
  const text = (lines.length > 0 ? lines : [message.text])
    .join('\n')
    .replaceAll(/<@(\w+)>/g, (_, user: string) => `@${nameOf(user, slack)}`);
  const readable = text
    .replaceAll(/<!date\^\d+\^[^|]*\|([^>]*)>/g, '$1')
    .replaceAll(/<[^|>]+\|([^>]+)>/g, '$1')
    .replaceAll(/:[a-z_]+: /g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
  print(`${name}:\n${readable.replaceAll(/^/gm, '    ')}\n`);
}

function nameOf(user: string, slack: Slack): string {
  const { workspace } = slack.parts.stage;
  return workspace.users.get(user)?.name ?? workspace.seed.bot.name;
}

/** Every text in a message’s blocks, in reading order; buttons as `[Approve]`. */
function textsOf(blocks: readonly unknown[]): readonly string[] {
  return blocks.flatMap((block) => {
    if (typeof block !== 'object' || block === null) return [];
    const { type, text, fields, elements } = block as {
      type?: string;
      text?: unknown;
      fields?: unknown[];
      elements?: unknown[];
    };
    const own =
      typeof text === 'string'
        ? text
        : typeof text === 'object' && text !== null && 'text' in text
          ? String(text.text)
          : undefined;
    if (type === 'button') return [`[${own}]`];
    if (type === 'actions') return [textsOf(elements ?? []).join(' ')];
    return [
      ...(own === undefined ? [] : [own]),
      ...textsOf(fields ?? []),
      ...textsOf(elements ?? []),
    ];
  });
}
