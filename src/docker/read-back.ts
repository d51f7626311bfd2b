import { fail } from '../errors.ts';
import type { Push } from '../ports.ts';
import type { LayerProgress } from '../push-progress.ts';
import type { Digest } from '../reference.ts';
import type { Client } from '../registry/client.ts';
import { proveImage } from '../registry/prove-image.ts';
import { readBack } from '../registry/read-back.ts';
import type { Pushed, PushedLayer } from '../states.ts';

/** What the engine says it did. */
export interface Done {
  /** Of the manifest that it made. */
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
export async function readBackPushed(client: Client, push: Push, done: Done): Promise<Pushed> {
  const { target, contents, ledger } = push;
  const { digest, compressor } = done;
  const { imageId } = contents;
  const back = await readBack(client, { target, imageId, digest });
  const isSent = (index: number): boolean => done.layers[index]?.state === 'sent';
  const claim = { name: target.name, digest, contents, ledger, isSent };
  const proof = await proveImage(client, claim);
  if ('problem' in proof) {
    const subject = `${target.name}:${target.tag}`;
    fail('read-back-layers', { target: subject, got: digest, problem: proof.problem });
  }
  const layers = proof.layers.map((layer, index): PushedLayer => {
    const state = done.layers[index]?.state ?? 'present';
    // The engine may not have told of a layer by a name that we know: then it counts as sent.
    return { ...layer, how: state === 'sending' ? 'sent' : state };
  });
  const sent = layers.reduce((sum, { how, size }) => sum + (how === 'sent' ? size : 0), 0);
  return { digest, size: back.size, sent, layers, compressor };
}
