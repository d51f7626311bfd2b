import { PromotionError, refuse } from '../domain/errors.ts';

/** SQLite's primary result codes that an operator can do something about. @see https://sqlite.org/rescode.html */
const problems: Readonly<Record<number, string>> = {
  5: 'it is locked by another program',
  6: 'it is locked',
  8: 'it is read-only',
  10: 'the disk failed',
  11: 'the file is damaged',
  13: 'the disk is full',
  14: 'the file cannot be opened',
  26: 'the file is not an SQLite database',
};

/** An error of node:sqlite as `database-failed`, without the values that SQLite's own message may hold. */
export function sqliteTrouble(error: unknown): PromotionError {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) : undefined;
  // Extended codes have the primary one in their lowest byte.
  const known = code === undefined ? undefined : problems[code & 0xff];
  const problem = known ?? `SQLite says ${code ?? 'nothing'}`;
  return new PromotionError(refuse('database-failed', { problem }), { cause: error });
}
