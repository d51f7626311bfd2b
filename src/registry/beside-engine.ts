import { fail } from '../domain/errors.ts';
import type { Push } from '../ports.ts';
import type { LayerProgress } from '../domain/push-progress.ts';
import type { Digest } from '../domain/reference.ts';
import type { Pushed, PushedLayer } from '../domain/states.ts';
import type { Client } from './client.ts';
import { onErrand } from './errand.ts';
import { asItIs } from './finish.ts';
import { mayPush } from './may-push.ts';
import { proveImage } from './prove-image.ts';
import { behindTheTag, readBack } from './read-back.ts';
import { look } from './registry.ts';
import type { RegistryOptions } from './timing.ts';

/** The questions to the registry around a push that something else carries out, each with a client of its own. */
export function besideEngine(options: RegistryOptions) {
  const asked = <T>(push: Push, work: (client: Client) => Promise<T>): Promise<T> => {
    const { credentials, signal } = push;
    return onErrand(options, { subject: subjectOf(push), credentials, signal }, work);
  };
  return {
    url: options.url,
    precheck: (push: Push) => asked(push, (client) => precheck(client, push)),
    underTag: (push: Push) => asked(push, (client) => asTagged(client, push, 'changed-tag')),
    mayPush: (push: Push) => asked(push, (client) => mayPush(client, push.target)),
    readBack: (push: Push, done: Done) =>
      asked(push, (client) => readBackPushed(client, push, done)),
  };
}

function subjectOf({ target }: Push): string {
  return `${target.name}:${target.tag}`;
}

/** What is under the tag where it is this very image; throws where we may not push. */
async function precheck(client: Client, push: Push): Promise<Pushed | undefined> {
  const there = await asTagged(client, push, 'tag-taken');
  if (there) return there;
  await mayPush(client, push.target);
  return undefined;
}

/** What the tag holds, proven to be this very image; `undefined` where it is free. Throws where it holds another one. */
async function asTagged(
  client: Client,
  push: Push,
  reason: 'tag-taken' | 'changed-tag',
): Promise<Pushed | undefined> {
  const { target, contents } = push;
  const now = await look(client, target);
  if (now.state !== 'holds') return undefined;
  if (now.imageId === contents.imageId) return await asItIs(client, push, now.digest);
  return fail(reason, { target: subjectOf(push), digest: now.digest });
}

/** What whoever pushed says it did. */
interface Done {
  readonly digest: Digest;
  readonly compressor: string;
  /** What became of the image's layers, in their order. */
  readonly layers: readonly LayerProgress[];
}

/**
 * Reads back what the engine pushed: its very manifest, and every layer in it proven. Of a layer that the engine has
 * just packed and sent itself, its manifest is proof enough: it holds the image, and nobody between it and the registry
 * can change what a digest says. What was there before is proven as anybody's. Throws `read-back-…` or another
 * PromotionError.
 */
async function readBackPushed(client: Client, push: Push, done: Done): Promise<Pushed> {
  const { target, contents, ledger } = push;
  const { digest, compressor } = done;
  const { imageId } = contents;
  const reading = readBack(client, { target, imageId, digest });
  const back = await reading.catch(behindTheTag(digest));
  const isSent = (index: number): boolean => done.layers[index]?.state === 'sent';
  const claim = { name: target.name, digest, contents, ledger, isSent };
  const proof = await proveImage(client, claim).catch(behindTheTag(digest));
  if ('problem' in proof) {
    fail('read-back-layers', { target: subjectOf(push), got: digest, problem: proof.problem });
  }
  const layers = proof.layers.map((layer, index): PushedLayer => {
    const state = done.layers[index]?.state ?? 'present';
    // The engine may not have told of a layer by a name that we know: then it counts as sent.
    return { ...layer, how: state === 'sending' ? 'sent' : state };
  });
  const sent = layers.reduce((sum, { how, size }) => sum + (how === 'sent' ? size : 0), 0);
  return { digest, size: back.size, sent, layers, compressor };
}
