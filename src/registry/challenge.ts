/** What a registry asks for with a 401. */
export type Challenge =
  | { readonly scheme: 'open' }
  | { readonly scheme: 'basic' }
  | { readonly scheme: 'bearer'; readonly realm: string; readonly service: string | undefined };

/**
 * Reads a `WWW-Authenticate` header; the first challenge that we know, Bearer before Basic. `undefined` where there is
 * none. A bearer challenge's own scope is not used: we ask for what we need, not for what we are told to want.
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-www-authenticate
 * @see https://distribution.github.io/distribution/spec/auth/token/
 */
export function parseChallenge(header: string | undefined): Challenge | undefined {
  if (header === undefined || header.length > 4096) return undefined;
  const bearer = /(?:^|,)\s*bearer\s+(.*)/i.exec(header)?.[1];
  if (bearer !== undefined) {
    const parameters = parse(bearer);
    const realm = parameters.get('realm');
    return realm ? { scheme: 'bearer', realm, service: parameters.get('service') } : undefined;
  }
  return /(?:^|,)\s*basic(?:\s|$)/i.test(header) ? { scheme: 'basic' } : undefined;
}

/** `name="value"` pairs; the first of each name counts. */
function parse(text: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const [, name, quoted, plain] of text.matchAll(
    /([a-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))/gi,
  )) {
    const key = name?.toLowerCase() ?? '';
    if (!parameters.has(key))
      parameters.set(key, quoted?.replaceAll(/\\(.)/g, '$1') ?? plain ?? '');
  }
  return parameters;
}
