/** Holds within this process: whoever comes second is told at once. */
export function localHolds(): <T>(
  id: string,
  work: (signal: AbortSignal) => Promise<T>,
) => Promise<T | undefined> {
  const held = new Set<string>();
  return async (id, work) => {
    if (held.has(id)) return undefined;
    held.add(id);
    try {
      // Within one process nobody takes it away.
      return await work(new AbortController().signal);
    } finally {
      held.delete(id);
    }
  };
}
