import { PromotionError, refuse } from '../domain/errors.ts';

/** What an operator can do something about. @see https://www.postgresql.org/docs/current/errcodes-appendix.html */
const problems: Readonly<Record<string, string>> = {
  '25006': 'it is read-only',
  '25P03': 'a transaction stood still for too long',
  '28000': 'it refuses this user',
  '28P01': 'it refuses this user or password',
  '3D000': 'the server has no such database',
  '42704': 'it is older than PostgreSQL 14',
  '42501': 'this user may not do that',
  '53100': 'the disk is full',
  '53300': 'it has too many connections',
  '55P03': 'it is locked',
  '57014': 'it took too long',
};

/** The server is going down, coming up, or cut the connection: it may be back in a moment. */
const passing = /^(08...|57P0[123]|57P05|25P03|E[A-Z_]+)$/;

const lost = 'the connection was lost';

/** An error of pg as `database-failed`: never with the server's own words, which may hold values. */
export function postgresTrouble(error: unknown): PromotionError {
  if (error instanceof PromotionError) return error;
  return new PromotionError(refuse('database-failed', { problem: problemOf(error) }), {
    cause: error,
  });
}

/** Whether trying again may help: nothing is wrong but the connection. */
export function isPassing(trouble: unknown): boolean {
  if (!(trouble instanceof PromotionError) || trouble.reason !== 'database-failed') return false;
  const code = codeOf(trouble.cause);
  return code === undefined ? trouble.facts['problem'] === lost : passing.test(code);
}

function problemOf(error: unknown): string {
  const code = codeOf(error);
  if (code === undefined) return lost;
  const known = problems[code];
  if (known !== undefined) return known;
  if (code.startsWith('E')) return `it cannot be reached (${code})`;
  return passing.test(code) ? lost : `PostgreSQL says ${code}`;
}

/** SQLSTATE or the code of a system error; pg's own errors about its connection have none. */
function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
}
