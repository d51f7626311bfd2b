import type { Worker } from 'node:worker_threads';

/** Milliseconds between two looks. */
const often = 1000;

/**
 * Calls back once when a thread has used more than `limit` milliseconds of a processor: its own, not those of the
 * decoders and compressors beside it, whose work is bounded by bytes. It is asked from outside, so that one which does
 * not come round any more is told, too. Gives how to stop looking.
 */
export function watchProcessor(worker: Worker, limit: number, onOver: () => void): () => void {
  const timer = setInterval(() => void look(), Math.min(often, limit)).unref();
  const look = async (): Promise<void> => {
    // A thread that has ended has no answer.
    const used = await worker.cpuUsage().catch(() => undefined);
    if (!used || (used.user + used.system) / 1000 <= limit) return;
    clearInterval(timer);
    onOver();
  };
  return () => clearInterval(timer);
}
