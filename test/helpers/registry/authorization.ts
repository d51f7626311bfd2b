/** The header that lets an account push, got as any client would get it. */
export async function authorizationFor(
  name: string,
  given: {
    readonly auth: 'open' | 'basic' | 'bearer';
    readonly user: string;
    readonly password: string;
    readonly realm: string | undefined;
  },
): Promise<string | undefined> {
  const basic = `Basic ${Buffer.from(`${given.user}:${given.password}`).toString('base64')}`;
  if (given.auth === 'open') return undefined;
  if (given.auth === 'basic' || !given.realm) return basic;
  const query = `service=stand-in%20registry&scope=repository:${name}:pull,push`;
  const answer = await fetch(`${given.realm}?${query}`, { headers: { authorization: basic } });
  const { token } = (await answer.json()) as { token: string };
  return `Bearer ${token}`;
}
