import type { Dispatcher } from 'undici';

/** A body that begins at byte `start` of `total`. */
export interface Part {
  readonly body: Dispatcher.ResponseData['body'];
  readonly start: number;
  /** Missing where the server does not say. */
  readonly total: number | undefined;
}

/**
 * What a response to `range: bytes=<offset>-` (or to no range, at 0) carries. A server may start over, or send more than
 * was asked; `undefined` where it begins later, or sends a part that nobody asked for.
 */
export function partOf(
  { statusCode, headers, body }: Dispatcher.ResponseData,
  offset: number,
): Part | undefined {
  if (statusCode === 200) return { body, start: 0, total: length(headers['content-length']) };
  if (statusCode !== 206 || offset === 0) return undefined;
  const extent = contentRange(headers['content-range']);
  return extent && extent.start <= offset ? { body, ...extent } : undefined;
}

function length(header: string | string[] | undefined): number | undefined {
  return typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : undefined;
}

/** @see https://www.rfc-editor.org/rfc/rfc9110#name-content-range */
function contentRange(header: string | string[] | undefined): Omit<Part, 'body'> | undefined {
  const [, start, total] = /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15}|\*)$/.exec(String(header)) ?? [];
  return start === undefined ? undefined : { start: Number(start), total: length(total) };
}
