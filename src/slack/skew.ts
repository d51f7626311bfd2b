/** How far this clock is ahead of Slack’s, in milliseconds, to the second; `undefined` where Slack does not say. */
export async function clockSkew(apiUrl: string, now: () => Date): Promise<number | undefined> {
  try {
    const answer = await fetch(new URL('api.test', apiUrl), {
      redirect: 'error',
      // It is asked now and then: a connection kept since the last time may be closed at that very moment.
      headers: { connection: 'close' },
      signal: AbortSignal.timeout(3000),
    });
    await answer.body?.cancel();
    const theirs = Date.parse(answer.headers.get('date') ?? '');
    return Number.isNaN(theirs) ? undefined : now().getTime() - theirs;
  } catch {
    return undefined;
  }
}
