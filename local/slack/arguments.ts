import { ApiError, refuseArguments } from './api-error.ts';

/** The arguments of one call, in whichever form they came: every value is a string, or JSON where JSON was sent. */
export class Arguments {
  readonly all: Readonly<Record<string, unknown>>;

  constructor(all: Readonly<Record<string, unknown>>) {
    this.all = all;
  }

  /** A required text. */
  text(name: string): string {
    return this.maybe(name) ?? refuseArguments([`missing required field: ${name}`]);
  }

  /** An optional text; numbers and booleans as Slack reads them. An empty text counts as absent. */
  maybe(name: string): string | undefined {
    const value = this.all[name];
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    return typeof value === 'string' && value !== '' ? value : undefined;
  }

  /** `true`, `1`. */
  flag(name: string): boolean {
    return ['true', '1'].includes(this.maybe(name) ?? '');
  }

  /** A whole number within limits. */
  count(name: string, { or, max }: { readonly or: number; readonly max: number }): number {
    const value = this.maybe(name);
    if (value === undefined) return or;
    const count = Number(value);
    if (!Number.isInteger(count) || count < 1) throw new ApiError('invalid_limit');
    return Math.min(count, max);
  }

  /** A structure, sent as JSON or as a string that holds JSON; `undefined` where absent. */
  structure(name: string, code = 'invalid_arguments'): unknown {
    const value = this.all[name];
    if (typeof value !== 'string') return value ?? undefined;
    if (value === '') return undefined;
    try {
      return JSON.parse(value) as unknown;
    } catch {
      throw new ApiError(code);
    }
  }
}

/** Reads a request's arguments out of its query, form or JSON body. A form that is not one gives Slack's own codes. */
export function parseArguments(query: URLSearchParams, body: string, contentType = ''): Arguments {
  const inUrl = Object.fromEntries(query);
  const type = contentType.split(';')[0]?.trim().toLowerCase();
  if (body === '') return new Arguments(inUrl);
  if (type === 'application/x-www-form-urlencoded')
    return new Arguments({ ...inUrl, ...Object.fromEntries(new URLSearchParams(body)) });
  if (type !== 'application/json') throw new ApiError('invalid_post_type');
  return new Arguments({ ...inUrl, ...parseJson(body) });
}

function parseJson(body: string): object {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed;
  } catch {
    throw new ApiError('invalid_json');
  }
  throw new ApiError('json_not_object');
}

/** A slice of a list and the cursor of the next one, as Slack pages. */
export function paginate<T>(
  items: readonly T[],
  args: Arguments,
  { or, max }: { readonly or: number; readonly max: number },
): { readonly slice: readonly T[]; readonly next: string } {
  const cursor = args.maybe('cursor');
  const start = cursor === undefined ? 0 : decodeCursor(cursor);
  const end = start + args.count('limit', { or, max });
  return { slice: items.slice(start, end), next: end < items.length ? encodeCursor(end) : '' };
}

const encodeCursor = (offset: number): string => Buffer.from(`next:${offset}`).toString('base64');

function decodeCursor(cursor: string): number {
  const offset = /^next:(\d+)$/.exec(Buffer.from(cursor, 'base64').toString())?.[1];
  if (offset === undefined) throw new ApiError('invalid_cursor');
  return Number(offset);
}
