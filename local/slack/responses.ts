import { ApiError } from './api-error.ts';
import { Arguments } from './arguments.ts';
import { post, readContent } from './posting.ts';
import type { ResponseTarget } from './triggers.ts';
import type { Workspace } from './workspace.ts';

/**
 * Carries out what an app answers to a command or sends to a `response_url`: an ephemeral message by default, one for
 * the channel, a replacement of the message that was clicked, or its removal. Throws an ApiError.
 */
export function respond(workspace: Workspace, target: ResponseTarget, payload: unknown): void {
  const args = new Arguments(
    typeof payload === 'object' && payload ? { ...payload } : { text: payload },
  );
  const original = target.ts ? workspace.find(target.ts) : undefined;
  if (args.flag('delete_original')) {
    if (original) workspace.remove(original);
    return;
  }
  const content = readContent(args);
  if (args.flag('replace_original') && original) {
    const edited = { user: original.user, ts: workspace.newTs() };
    workspace.put({ ...original, ...content, text: content.text ?? '', edited });
    return;
  }
  const isPublic = args.maybe('response_type') === 'in_channel';
  if (workspace.channel(target.channel).isArchived) throw new ApiError('is_archived');
  const place = {
    channel: target.channel,
    user: workspace.seed.bot.user,
    thread: args.maybe('thread_ts'),
    ephemeralFor: isPublic ? undefined : target.user,
  };
  post(workspace, place, content);
}
