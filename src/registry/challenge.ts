/** What a registry asks for with a 401. */
export type Challenge =
  | { readonly scheme: 'open' }
  | { readonly scheme: 'basic' }
  | { readonly scheme: 'bearer'; readonly realm: string; readonly service: string | undefined };

/**
 * Reads the lines of `WWW-Authenticate`, each of which may hold several challenges: the first that we can meet, Bearer
 * before Basic, whatever else stands before, between and behind them. `undefined` where there is none. A bearer
 * challenge's own scope is not used: we ask for what we need, not for what we are told to want.
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-www-authenticate
 * @see https://distribution.github.io/distribution/spec/auth/token/
 */
export function parseChallenges(lines: readonly string[]): Challenge | undefined {
  const all = lines.filter(({ length }) => length <= 4096).flatMap(challengesIn);
  for (const { scheme, parameters } of all) {
    const realm = parameters.get('realm');
    if (scheme === 'bearer' && realm) {
      return { scheme, realm, service: parameters.get('service') };
    }
  }
  return all.some(({ scheme }) => scheme === 'basic') ? { scheme: 'basic' } : undefined;
}

interface Named {
  readonly scheme: string;
  /** The first of each name counts. */
  readonly parameters: Map<string, string>;
}

/** A comma may stand between two challenges as well as between the parameters of one. */
function challengesIn(line: string): readonly Named[] {
  const found: Named[] = [];
  for (const part of line.match(/(?:"(?:[^"\\]|\\.)*"|[^",])+/g) ?? []) {
    const parameter =
      /^\s*(?:([\w.!#$%&'*+^`|~-]+)\s+)?([a-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s"]*))\s*$/i;
    const [, begins, name, quoted, plain] = parameter.exec(part) ?? [];
    const scheme = begins ?? (name === undefined ? /^\s*(\S+)/.exec(part)?.[1] : undefined);
    if (scheme) found.push({ scheme: scheme.toLowerCase(), parameters: new Map() });
    const parameters = found.at(-1)?.parameters;
    const key = name?.toLowerCase();
    if (!key || !parameters || parameters.has(key)) continue;
    parameters.set(key, quoted?.replaceAll(/\\(.)/g, '$1') ?? plain ?? '');
  }
  return found;
}
