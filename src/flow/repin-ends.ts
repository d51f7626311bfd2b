import type { AuditEvent } from '../domain/event.ts';
import { refuse } from '../domain/errors.ts';
import type { Using } from './hands.ts';
import * as messages from '../words/messages.ts';
import type { Anchor, Post } from '../domain/post.ts';
import type { Store } from '../store-port.ts';

/**
 * Whoever asked for a re-pin that nobody works on any more, because its bot was killed, is told how to have it again.
 * It is not begun again by itself: the command is no effect of ours, and may have been what brought the bot down.
 */
export async function tellInterrupted(options: Using<never, 'store'>): Promise<void> {
  const { store } = options.ports;
  for (const { id } of await unfinished(store)) {
    await store.hold(repinHold(id), async () => {
      // It may have ended just before it was let go.
      const left = (await unfinished(store)).find((one) => one.id === id);
      if (!left) return;
      const { image, ref, user } = left;
      const example = ['/promote-image repin', image, ref].filter(Boolean).join(' ');
      const message = messages.refused(refuse('repin-interrupted', { image, example }));
      const event = {
        kind: 'repin-failed',
        actor: 'bot',
        data: { id, image, reason: 'repin-interrupted' },
      };
      await tellRepin(event, { kind: 'ephemeral', user, message }, options);
    });
  }
}

/** What whoever works on a re-pin holds. */
export function repinHold(id: string): string {
  return `repin:${id}`;
}

interface Unfinished {
  readonly id: string;
  readonly image: string;
  readonly ref: string | undefined;
  readonly user: string;
}

async function unfinished(store: Store): Promise<readonly Unfinished[]> {
  const begun = new Map<string, Unfinished>();
  const kinds = ['repin-asked', 'repinned', 'repin-failed'];
  for await (const { kind, actor, data } of store.events({ kinds })) {
    const { id, image = '', ref } = data as { id?: string; image?: string; ref?: string };
    if (id === undefined) continue;
    if (kind === 'repin-asked') begun.set(id, { id, image, ref, user: actor });
    else begun.delete(id);
  }
  return [...begun.values()];
}

/** How a re-pin ended: for the log, and for whoever asked. */
export async function tellRepin(
  event: AuditEvent,
  post: Post,
  { ports }: Using<never, 'store'>,
): Promise<void> {
  const posts = (anchor: Anchor) => [{ ...post, message: messages.anchored(post.message, anchor) }];
  await ports.store.note({ event, posts });
}
