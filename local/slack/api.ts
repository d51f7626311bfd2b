import { ApiError } from './api-error.ts';
import { Arguments, parseArguments } from './arguments.ts';
import type { Call, Method } from './method.ts';
import { chat } from './methods/chat.ts';
import { conversations } from './methods/conversations.ts';
import { files } from './methods/files.ts';
import { users } from './methods/users.ts';
import { views } from './methods/views.ts';
import { workspaceMethods } from './methods/workspace.ts';

const methods: Readonly<Record<string, Method>> = {
  ...workspaceMethods,
  ...chat,
  ...conversations,
  ...users,
  ...files,
  ...views,
};

/** What a token has that was given everything. */
const everyScope = [
  ...new Set(['commands', ...Object.values(methods).flatMap(({ scopes = [] }) => scopes)]),
];

/** The two tokens of the app. */
export interface Tokens {
  readonly bot: string;
  readonly app: string;
}

/** One call as it came in. */
export interface ApiRequest {
  readonly method: string;
  readonly query: URLSearchParams;
  readonly body: string;
  readonly contentType: string | undefined;
  readonly authorization: string | undefined;
}

/** A call's arguments without its token, and the answer. */
export interface ApiAnswer {
  readonly asked: object;
  readonly answer: object;
  /** What the token has, as Slack tells it in `x-oauth-scopes`. */
  readonly scopes: readonly string[];
}

/** Carries out a Web API call: arguments, token, scope, method. Never throws for what the caller did wrong. */
export function callMethod(
  request: ApiRequest,
  tokens: Tokens,
  context: Omit<Call, 'args'>,
): ApiAnswer {
  const { scopes } = context.workspace;
  let asked: object = {};
  try {
    const args = parseArguments(request.query, request.body, request.contentType);
    const { token, ...rest } = args.all;
    asked = rest;
    const method = methods[request.method];
    if (!method) throw new ApiError('unknown_method', { req_method: request.method });
    checkToken(method, tokenOf(request.authorization, token), tokens);
    checkScope(method, scopes);
    return {
      asked,
      scopes: scopes ?? everyScope,
      answer: { ok: true, ...method.answer({ ...context, args: new Arguments(rest) }) },
    };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return {
      asked,
      scopes: scopes ?? everyScope,
      answer: { ok: false, error: error.code, ...error.details },
    };
  }
}

function tokenOf(authorization: string | undefined, inBody: unknown): string | undefined {
  const bearer = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1];
  return bearer ?? (typeof inBody === 'string' ? inBody : undefined);
}

function checkToken(method: Method, token: string | undefined, tokens: Tokens): void {
  const wanted = method.token ?? 'bot';
  if (wanted === 'none') return;
  if (!token) throw new ApiError('not_authed');
  if (token === tokens[wanted]) return;
  const isOurs = token === tokens.bot || token === tokens.app;
  throw new ApiError(isOurs ? 'not_allowed_token_type' : 'invalid_auth');
}

function checkScope(method: Method, scopes: readonly string[] | undefined): void {
  if (!scopes || !method.scopes || method.token === 'app') return;
  if (method.scopes.some((scope) => scopes.includes(scope))) return;
  throw new ApiError('missing_scope', {
    needed: method.scopes.join(','),
    provided: scopes.join(','),
  });
}
