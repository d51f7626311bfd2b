import type { World } from './world.ts';

/** What a call is about. */
export interface Asked {
  readonly world: World;
  /** Origin of the storage. */
  readonly storage: string;
  /** By the names of the path's groups, decoded. */
  readonly params: Params;
  readonly query: URLSearchParams;
}

export type Params = Readonly<Record<string, string>>;

/** What is answered; a problem is told in the services' own form. */
export type Answer =
  | {
      readonly status: number;
      readonly json: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly seeOther: string }
  | { readonly problem: keyof typeof errorCodes; readonly message: string };

/** One call of a service. */
export interface Call {
  /** As Taskcluster's clients name it. */
  readonly method: string;
  /** Its path below the version; the named groups are its parameters. */
  readonly path: RegExp;
  readonly isPaged?: true;
  /** The scope expression that the anonymous role does not satisfy, if any. */
  readonly missing?: (params: Params) => unknown;
  readonly answer: (asked: Asked) => Answer;
}

/** The status of each error. @see https://docs.taskcluster.net/docs/manual/design/apis/errors */
const errorCodes = {
  InvalidRequestArguments: 400,
  InputError: 400,
  InsufficientScopes: 403,
  ResourceNotFound: 404,
  ResourceExpired: 410,
} as const;

/** What the parameters have to look like; the others may be anything. */
const patterns: Readonly<Record<string, RegExp>> = {
  taskId: /^[A-Za-z0-9_-]{8}[Q-T][A-Za-z0-9_-][CGKOSWaeimquy26-][A-Za-z0-9_-]{10}[AQgw]$/,
  runId: /^[1-9]*[0-9]$/,
  indexPath: /^([a-zA-Z0-9_!~*'()%-]+\.)*[a-zA-Z0-9_!~*'()%-]+$/,
};

const paging: Readonly<Record<string, RegExp>> = { continuationToken: /./, limit: /^[0-9]+$/ };

/** Why the call is not made: what it is given has another form, or a scope is missing. */
export function refusal(call: Call, { params, query }: Asked): Answer | undefined {
  const malformed = Object.entries(params).flatMap(([name, value]) => {
    const pattern = patterns[name];
    if (!pattern || pattern.test(value)) return [];
    return `URL parameter '${name}' given as '${value}' must match regular expression: '${String(pattern)}'`;
  });
  if (malformed.length > 0) {
    return invalid(['Invalid URL patterns:', ...malformed]);
  }
  const unknown = [...query].flatMap(([name, value]) => {
    const pattern = call.isPaged && paging[name];
    if (!pattern) return `Query-string parameter: ${name} is not supported!`;
    if (pattern.test(value)) return [];
    return `Query-string parameter: ${name}="${value}" does not match expression: ${String(pattern)}`;
  });
  if (unknown.length > 0) return invalid(unknown);
  const scope = call.missing?.(params);
  if (scope === undefined) return undefined;
  const needs =
    'This request requires Taskcluster credentials that satisfy the following scope expression:';
  const message = `${needs}\n\n\`\`\`\n${JSON.stringify(scope, undefined, 2)}\n\`\`\``;
  return { problem: 'InsufficientScopes', message };
}

function invalid(lines: readonly string[]): Answer {
  return { problem: 'InvalidRequestArguments', message: lines.join('\n') };
}

/** The body of a problem, as every service of Taskcluster writes it. */
export function told(
  { problem, message }: Extract<Answer, { readonly problem: string }>,
  { method }: Call,
  params: Params,
): { readonly status: number; readonly json: object } {
  const status = errorCodes[problem];
  const time = new Date().toISOString();
  const facts = { method, errorCode: problem, statusCode: status, time };
  const lines = Object.entries(facts).map(([name, fact]) => `* ${`${name}:`.padEnd(11)} ${fact}`);
  return {
    status,
    json: {
      code: problem,
      message: `${message}\n\n---\n\n${lines.join('\n')}`,
      requestInfo: { method, params, payload: {}, time },
    },
  };
}

/** A page of a list, with the token of the next one where there is more: the key of the page's last row. */
export function page<T>(
  rows: readonly T[],
  query: URLSearchParams,
  keyOf: (row: T) => readonly unknown[],
): { readonly rows: readonly T[]; readonly continuationToken?: string } {
  const tokenOf = (row: T): string => Buffer.from(JSON.stringify(keyOf(row))).toString('base64');
  const after = query.get('continuationToken');
  const start = after === null ? 0 : rows.findIndex((row) => tokenOf(row) === after) + 1;
  const end = start + Math.min(Number(query.get('limit') ?? longestPage), longestPage);
  const last = rows[end - 1];
  const isMore = end < rows.length && last !== undefined;
  return { rows: rows.slice(start, end), ...(isMore && { continuationToken: tokenOf(last) }) };
}

const longestPage = 1000;

/** Calls that every service has. */
export const everywhere: readonly Call[] = [
  {
    method: 'ping',
    path: /^\/ping$/,
    answer: () => ({ status: 200, json: { alive: true, uptime: process.uptime() } }),
  },
  {
    method: 'version',
    path: /^\/__version__$/,
    answer: () => ({ status: 200, json: { version: 'dev', commit: '', source: '', build: '' } }),
  },
];
