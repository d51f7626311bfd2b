import type { LayerProgress, Progress } from '../domain/push-progress.ts';

/** How far a push is, told at every change. Whoever listens decides how often to show it. */
export class Report {
  readonly #tell: (progress: Progress) => void;
  readonly #layers: LayerProgress[] = [];
  #step: Progress['step'] = 'download';
  #read = 0;
  #size = 0;

  constructor(tell: (progress: Progress) => void) {
    this.#tell = tell;
  }

  /** The artifact is open; it begins, or begins again. */
  opened(size: number | undefined): void {
    this.#size = size ?? 0;
    this.#read = 0;
    this.#layers.length = 0;
    this.step('download');
  }

  /** So many bytes of the artifact came. Told together with the next change. */
  read(bytes: number): void {
    this.#read += bytes;
  }

  layer(index: number, change: Partial<LayerProgress>): void {
    const before = this.#layers[index];
    const fresh = { layer: index, state: 'sending', done: 0, size: undefined, sent: 0 } as const;
    this.#layers[index] = { ...(before ?? fresh), ...change };
    this.step('layer');
  }

  step(step: Progress['step']): void {
    this.#step = step;
    const size = Math.max(this.#size, this.#read);
    this.#tell({ step: this.#step, read: this.#read, size, layers: [...this.#layers] });
  }
}
