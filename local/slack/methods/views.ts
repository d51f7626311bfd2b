import type { Call, Method } from '../method.ts';
import { ApiError } from '../api-error.ts';
import { newView, readView, replaceView } from '../modals.ts';
import { viewOnWire, type View } from '../things.ts';

/** `views.*`: modals and the App Home tab. */
export const views: Readonly<Record<string, Method>> = {
  'views.open': { answer: open },
  'views.push': { answer: push },
  'views.update': { answer: update },
  'views.publish': { answer: publish },
};

function open({ workspace, triggers, args }: Call): object {
  const content = readView(args.structure('view'), 'modal');
  const user = triggers.exchange(args.text('trigger_id'));
  const view = newView(workspace, content, { user });
  workspace.views.set(view.id, view);
  workspace.changed();
  return { view: viewOnWire(view) };
}

function push({ workspace, triggers, args }: Call): object {
  const content = readView(args.structure('view'), 'modal');
  const user = triggers.exchange(args.text('trigger_id'));
  const stack = [...workspace.views.values()].filter((view) => view.user === user);
  const top = stack.at(-1);
  if (!top) throw new ApiError('not_found');
  if (stack.length >= 3) throw new ApiError('push_limit_reached');
  const view = newView(workspace, content, { user, onto: top });
  workspace.views.set(view.id, view);
  workspace.changed();
  return { view: viewOnWire(view) };
}

function update(call: Call): object {
  const { workspace, args } = call;
  const content = readView(args.structure('view'), 'modal');
  const view = wanted(call);
  const hash = args.maybe('hash');
  if (hash && hash !== view.hash) throw new ApiError('hash_conflict');
  return { view: viewOnWire(replaceView(workspace, view, content)) };
}

function wanted({ workspace, args }: Call): View {
  const id = args.maybe('view_id');
  const externalId = args.maybe('external_id');
  const found = [...workspace.views.values()].find(
    (view) => view.id === id || (externalId && view.external_id === externalId),
  );
  if (!found) throw new ApiError('not_found');
  return found;
}

function publish({ workspace, args }: Call): object {
  const content = readView(args.structure('view'), 'home');
  const user = workspace.user(args.text('user_id'));
  const existing = workspace.homes.get(user.id);
  const hash = args.maybe('hash');
  if (hash && existing && hash !== existing.hash) throw new ApiError('hash_conflict');
  const view = newView(workspace, content, { user: user.id });
  const kept = existing ? { ...view, id: existing.id, root_view_id: existing.id } : view;
  workspace.homes.set(user.id, kept);
  workspace.changed();
  return { view: viewOnWire(kept) };
}
