import { fail } from '../errors.ts';
import type { LayerProgress, Push } from '../ports.ts';
import { isGzipLayer } from '../registry/manifest.ts';
import type { ReadBack } from '../registry/read-back.ts';
import type { Pushed, PushedLayer } from '../states.ts';

export interface Doing {
  readonly compressor: string;
  /** What became of the layers; absent where nothing had to be done. */
  readonly layers?: readonly LayerProgress[] | undefined;
}

/** What the push left on the registry, by what was read back. */
export function summary(push: Push, back: ReadBack, doing: Doing): Pushed {
  const { contents, target } = push;
  if (back.layers.length !== contents.layers.length) {
    fail('registry-nonsense', {
      what: `the manifest of ${target.name}:${target.tag}`,
      problem: `it has ${back.layers.length} layers, not ${contents.layers.length}`,
    });
  }
  const layers = contents.layers.map(({ diffId }, at): PushedLayer => {
    const { digest = diffId, size = 0 } = back.layers[at] ?? {};
    return { diffId, digest, size, how: howOf(doing.layers?.[at]) };
  });
  const sent = layers.reduce((sum, { how, size }) => sum + (how === 'sent' ? size : 0), 0);
  return { digest: back.digest, size: back.size, sent, layers, compressor: doing.compressor };
}

/** The engine may not have told of a layer under a name that we know: then it counts as sent. */
function howOf(layer: LayerProgress | undefined): PushedLayer['how'] {
  if (!layer) return 'present';
  return layer.state === 'sending' ? 'sent' : layer.state;
}

/** Notes the layers for the next push; only as those gzip layers that the ledger is about. */
export async function remember({ ledger, target }: Push, pushed: Pushed, back: ReadBack) {
  const known = pushed.layers.flatMap(({ diffId, digest, size }, at) => {
    const there = back.layers[at];
    return there && isGzipLayer(there) ? [{ diffId, digest, size, repository: target.name }] : [];
  });
  await ledger.add(known);
}
