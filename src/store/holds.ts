/** Holds within this process: whoever comes second is told at once. */
export function localHolds(): <T>(
  id: string,
  work: (signal: AbortSignal) => Promise<T>,
) => Promise<T | undefined> {
  const held = new Set<string>();
  const { signal } = new AbortController();
  return async (id, work) => {
    if (held.has(id)) return undefined;
    held.add(id);
    try {
      return await work(signal);
    } finally {
      held.delete(id);
    }
  };
}
