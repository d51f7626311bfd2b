import { ApiError } from './api-error.ts';
import { newView, readView, replaceView } from './modals.ts';
import type { View } from './things.ts';
import type { Workspace } from './workspace.ts';

interface ResponseAction {
  readonly response_action?: 'errors' | 'clear' | 'update' | 'push';
  readonly errors?: Readonly<Record<string, string>>;
  readonly view?: unknown;
}

/** What the app's answer to a submitted modal did to the person's modals. */
export interface Taken {
  readonly problems?: Readonly<Record<string, string>>;
  readonly error?: string;
}

/** Carries out `response_action`: errors under the fields, close all, replace, push; without one the modal closes. */
export function takeSubmission(workspace: Workspace, view: View, ack: unknown): Taken {
  const answer = (ack ?? {}) as ResponseAction;
  try {
    return act(workspace, view, answer);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { error: 'invalid_view_response' };
  }
}

function act(workspace: Workspace, view: View, answer: ResponseAction): Taken {
  switch (answer.response_action) {
    case 'errors':
      return { problems: knownProblems(view, answer.errors ?? {}) };
    case 'update':
      replaceView(workspace, view, readView(answer.view, 'modal'));
      return {};
    case 'push': {
      const next = newView(workspace, readView(answer.view, 'modal'), {
        user: view.user,
        onto: view,
      });
      workspace.views.set(next.id, next);
      workspace.changed();
      return {};
    }
    case 'clear':
      for (const open of workspace.views.values())
        if (open.user === view.user) workspace.views.delete(open.id);
      workspace.changed();
      return {};
    default:
      workspace.views.delete(view.id);
      workspace.changed();
      return {};
  }
}

/** Slack takes problems of input blocks only. */
function knownProblems(view: View, problems: Readonly<Record<string, string>>) {
  const inputs = view.blocks.filter((block) => block.type === 'input');
  const isKnown = Object.keys(problems).every((id) =>
    inputs.some((block) => block.block_id === id),
  );
  if (!isKnown || Object.keys(problems).length === 0) throw new ApiError('invalid_errors');
  return problems;
}
