import type { TokenService } from '../token-service.ts';
import { basic } from './basic.ts';
import { refusal, type Reply } from './reply.ts';

/** Who may do what: nobody is asked, every request needs a password, or a token service decides. */
export type Access =
  | { readonly kind: 'open' }
  | { readonly kind: 'basic'; readonly accounts: Readonly<Record<string, string>> }
  | { readonly kind: 'bearer'; readonly tokens: TokenService };

/** What a request needs. */
export interface Need {
  readonly name: string | undefined;
  readonly action: 'pull' | 'push' | 'delete';
  /** Where a blob would be mounted from. */
  readonly from?: string | undefined;
}

/** The challenge to answer with, or `undefined` where the request may go on. */
export function challenge(
  access: Access,
  need: Need,
  authorization: string | undefined,
): Reply | undefined {
  if (access.kind === 'open') return undefined;
  if (access.kind === 'basic') {
    const [username = '', password] = basic(authorization);
    if (password !== undefined && access.accounts[username] === password) return undefined;
    return unauthorized('Basic realm="stand-in"');
  }
  const { tokens } = access;
  const granted = tokens.verify(/^Bearer (.+)$/.exec(authorization ?? '')?.[1] ?? '');
  if (granted && (!need.name || granted.some(allows(need.name, need.action)))) return undefined;
  const scope = need.name
    ? `,scope="repository:${need.name}:${need.action === 'push' ? 'pull,push' : need.action}"`
    : '';
  const error = granted ? ',error="insufficient_scope"' : '';
  return unauthorized(`Bearer realm="${tokens.url}",service="${tokens.service}"${scope}${error}`);
}

function allows(name: string, action: string) {
  return (grant: { readonly name: string; readonly actions: readonly string[] }): boolean =>
    grant.name === name && grant.actions.includes(action);
}

function unauthorized(header: string): Reply {
  const reply = refusal(401, 'UNAUTHORIZED', 'authentication required');
  return { ...reply, headers: { ...reply.headers, 'www-authenticate': header } };
}
