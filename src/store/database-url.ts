import { Secret } from '../domain/secret.ts';

/**
 * What keeps a `postgres://…` from being taken; `undefined` where nothing does. A password with `@`, `/`, `?` or `#` in
 * it that is not written as %40 and so on has a part of itself read as host, path or parameters, which messages show
 * and which are asked for by name: so such a URL is refused before anybody reads it further.
 */
export function addressProblem(url: string): string | undefined {
  const [, authority = '', rest = ''] = /^postgres(?:ql)?:\/\/([^/?#]*)(.*)$/s.exec(url) ?? [];
  const isAmbiguous = authority.split('@').length > 2 || /[@#]/.test(rest);
  const isMalformed = /[\s\\]|%(?![0-9a-f]{2})/i.test(url) || !URL.canParse(url);
  if (!isAmbiguous && !isMalformed) return undefined;
  return 'is no URL of one meaning: write @ / ? # % and blanks of a user or password as %40 %2F %3F %23 %25 %20';
}

/** The passwords that stand in a database’s address, as they stand there and as they are meant. */
export function passwordsIn(address: Secret): readonly Secret[] {
  const url = address.reveal();
  if (!url.startsWith('postgres') || addressProblem(url) !== undefined) return [];
  const { password, searchParams } = new URL(url);
  const meant = [decodeURIComponent(password), searchParams.get('password') ?? ''];
  return [password, ...meant].filter(Boolean).map((text) => new Secret(text));
}
