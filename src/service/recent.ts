/**
 * Asks `ask` at most once at a time, and gives its answer, good or bad, to everybody who asks while it is under way and
 * for `ms` milliseconds after it: however often somebody asks, what it costs is bounded.
 */
export function recent<T>(
  ask: () => Promise<T>,
  { ms, now }: { readonly ms: number; readonly now: () => number },
): () => Promise<T> {
  let latest: { readonly answer: Promise<T>; until: number } | undefined;
  return () => {
    if (latest && now() < latest.until) return latest.answer;
    const asked = { answer: ask(), until: Infinity };
    const ended = (): void => void (asked.until = now() + ms);
    asked.answer.then(ended, ended);
    latest = asked;
    return asked.answer;
  };
}
