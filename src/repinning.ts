import { answer, answerRefusal, type Answer, type Delivery } from './answer.ts';
import type { BotOptions } from './bot.ts';
import { canonicalHash } from './canonical.ts';
import { explain, PromotionError, refuse, type Refusal } from './errors.ts';
import { sourceUrl, type Image, type Repin } from './image.ts';
import * as messages from './messages.ts';
import { short } from './mrkdwn.ts';
import type { AuditEvent, Post, Store } from './store-port.ts';

/** A branch, or a full commit. */
const plainRef = /^(?![-/.])(?!.*(?:\.\.|@\{|\/\/|\.lock$))[\w./-]{1,200}$/;

/**
 * Runs the image’s re-pin command in its container on a fresh checkout, and posts the patch of what it changed. Who
 * asked is told at once; the patch comes into the channel when the command is done.
 */
export async function startRepin(
  asked: { readonly image: Image; readonly ref: string | undefined },
  delivery: Delivery,
  options: BotOptions,
): Promise<Answer> {
  const { image, ref } = asked;
  const { store } = options.ports;
  const example = `/promote-image repin ${image.name} main`;
  if (!image.repin)
    return answerRefusal(refuse('repin-unconfigured', { image: image.name }), delivery, store);
  if (ref !== undefined && !plainRef.test(ref)) {
    return answerRefusal(refuse('bad-reference', { ref, example }), delivery, store);
  }
  const id = options.newId();
  const event = { kind: 'repin-asked', actor: delivery.user, data: { id, image: image.name, ref } };
  const repinning = { id, image, repin: image.repin, ref, user: delivery.user };
  const begun = Promise.withResolvers<boolean>();
  // Held from before it is known until it has ended: that its bot died is then for every other to see.
  const held = store.hold(holdOf(id), async (lost) => {
    const noted = await store.note({ event, envelope: delivery.envelope });
    begun.resolve(noted.outcome !== 'duplicate');
    if (noted.outcome === 'duplicate') return;
    const signal = AbortSignal.any([options.signal, lost]);
    await carryOut(repinning, { ...options, signal });
  });
  held.then(() => begun.resolve(false), begun.reject);
  return (await begun.promise) ? answer(messages.repinBegins(image.name)) : { show: 'nothing' };
}

/**
 * Whoever asked for a re-pin that nobody works on any more, because its bot was killed, is told how to have it again.
 * It is not begun again by itself: the command is no effect of ours, and may have been what brought the bot down.
 */
export async function tellInterrupted(options: BotOptions): Promise<void> {
  const { store } = options.ports;
  for (const { id } of await unfinished(store)) {
    await store.hold(holdOf(id), async () => {
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
      await tell(event, { kind: 'ephemeral', user, message }, options);
    });
  }
}

function holdOf(id: string): string {
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

interface Repinning {
  readonly id: string;
  readonly image: Image;
  readonly repin: Repin;
  readonly ref: string | undefined;
  readonly user: string;
}

async function carryOut(repinning: Repinning, options: BotOptions): Promise<void> {
  const { id, image, user } = repinning;
  try {
    const post = await makeRepinPatch(repinning, options);
    await tell({ kind: 'repinned', actor: user, data: { id, image: image.name } }, post, options);
  } catch (error) {
    options.log('warn', `no re-pin of ${image.name}`, { error });
    const refusal = reasonOf(error, image, options);
    const data = { id, image: image.name, reason: refusal.reason, facts: refusal.facts };
    const post = { kind: 'ephemeral', user, message: messages.refused(refusal) } as const;
    await tell({ kind: 'repin-failed', actor: user, data }, post, options).catch((cause: unknown) =>
      options.log('error', explain(refusal), { error: cause }),
    );
  }
}

async function makeRepinPatch(
  { image, repin, ref, user }: Repinning,
  options: BotOptions,
): Promise<Post> {
  const { ports, signal, now } = options;
  const run = (folder: string) => ports.repin(repin, { name: image.name, folder, signal });
  const { tree, changed, besides } = await ports.trees.rework(repin.source, ref, run);
  const source = sourceUrl(repin.source);
  if (changed.size === 0)
    return { kind: 'ephemeral', user, message: messages.nothingRepinned(source, besides) };
  const message = `chore: update the requirements of ${image.name}\n\nMade by: ${repin.command.join(' ')}\n`;
  const content = await ports.trees.patch({ tree, changed, message, at: now() });
  const said = messages.patchReady({
    source,
    revision: tree.revision,
    files: [...changed.keys()],
    content,
  });
  // A name of its own: by it a file is known to be in the channel already, where a reply of Slack’s was lost.
  const name = `${image.name}-requirements-${short(canonicalHash(content))}.patch`;
  return { kind: 'file', name, content, message: said };
}

async function tell(event: AuditEvent, post: Post, { ports }: BotOptions): Promise<void> {
  const posts = (anchor: Parameters<typeof messages.anchored>[1]) => [
    { ...post, message: messages.anchored(post.message, anchor) },
  ];
  await ports.store.note({ event, posts });
}

function reasonOf(error: unknown, image: Image, { signal }: BotOptions): Refusal {
  if (error instanceof PromotionError && !signal.aborted) return error.refusal;
  const unforeseen = error instanceof Error ? error.name : 'unknown';
  const problem = signal.aborted ? 'the bot was stopped meanwhile' : unforeseen;
  return refuse('repin-failed', { image: image.name, problem });
}
