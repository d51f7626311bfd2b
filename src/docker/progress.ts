import type { Artifact, Push } from '../ports.ts';
import type { LayerProgress, Progress } from '../domain/push-progress.ts';
import type { LayerNews } from './push.ts';

/** Turns what the engine tells into {@link Progress}. */
export function startProgress({ contents, onProgress }: Push) {
  let step: Progress['step'] = 'download';
  let read = 0;
  let size = 0;
  const layers = contents.layers.map(({ size: bytes }, layer): LayerProgress => ({
    layer,
    state: 'sending',
    done: 0,
    size: bytes,
    sent: 0,
  }));
  const tell = () => onProgress({ step, read, size, layers: [...layers] });

  return {
    read: (bytes: number, artifact: Artifact): void => {
      read = bytes;
      size = artifact.size ?? Math.max(size, bytes);
      tell();
    },
    layer: ({ id, state, done }: LayerNews): void => {
      step = 'layer';
      for (const [at, { diffId }] of contents.layers.entries()) {
        const known = layers[at];
        if (!known || !/^[0-9a-f]{12,64}$/.test(id) || !diffId.startsWith(`sha256:${id}`)) continue;
        const whole = known.size ?? 0;
        const now = state === 'sending' ? Math.min(done ?? known.done, whole) : whole;
        layers[at] = { ...known, state, done: now };
      }
      tell();
    },
    step: (next: Progress['step']): void => {
      step = next;
      tell();
    },
    /** What became of each layer. */
    layers: (): readonly LayerProgress[] => layers,
  };
}
