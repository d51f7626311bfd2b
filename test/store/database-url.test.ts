import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatProblem, readOperatorEnvironment } from '../../src/config.ts';
import { addressProblem, passwordsIn } from '../../src/store/database-url.ts';
import { PromotionError } from '../../src/domain/errors.ts';
import { Secret } from '../../src/domain/secret.ts';
import { createLogging } from '../../src/service/log.ts';
import { openPostgres } from '../../src/store/postgres.ts';

/** Of characters that stand in no sentence of ours, and those that mean something in a URL. */
const password = fc
  .array(fc.constantFrom(...Array.from('QZXJ7941/@#?:%&=+ []|\\~$')), {
    minLength: 6,
    maxLength: 24,
  })
  .map((characters) => characters.join(''))
  .filter((text) => (text.match(/[QZXJ]/g)?.length ?? 0) >= 4);

/** Every part of a password that is long enough to be of use and has a letter of its own. */
function partsOf(text: string): readonly string[] {
  return Array.from({ length: text.length - 3 }, (_, at) => text.slice(at, at + 4)).filter((part) =>
    /[QZXJ]/.test(part),
  );
}

/** Everything that is said where such an address is given: by the configuration, on opening, in the log. */
async function toldOf(url: string): Promise<string> {
  const read = readOperatorEnvironment({ DATABASE_URL: url, AUDIT_KEY: 'x'.repeat(64) });
  const lines = read.ok ? [] : read.problems.map(formatProblem);
  const { log, secrets } = createLogging('info', (line) => lines.push(line));
  for (const one of passwordsIn(new Secret(url))) secrets.add(one);
  const error: unknown = await openPostgres(url, 'write').catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(PromotionError);
  log('error', 'it failed', { error });
  return [...lines, (error as Error).message].join('\n');
}

describe('no part of the database’s password is in a message or the log', () => {
  it('however it is written into the address', async () => {
    await fc.assert(
      fc.asyncProperty(
        password,
        fc.constantFrom('bot:', '', ':'),
        fc.constantFrom('plain', 'encoded', 'parameter'),
        async (text, user, how) => {
          const written = how === 'plain' ? text : encodeURIComponent(text);
          const url =
            how === 'parameter'
              ? `postgres://127.0.0.1:9/db?user=bot&password=${written}`
              : `postgres://${user}${written}@127.0.0.1:9/db`;
          const told = await toldOf(url);
          for (const part of [...partsOf(text), ...partsOf(written)]) {
            expect(told).not.toContain(part);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it.each([
    'postgres://bot:12/QZXJ@host/db',
    'postgres://bot:12?QZXJ@host/db',
    'postgres://bot:12#QZXJ@host/db',
    'postgres://bot:Q@ZXJQ@host/db',
    'postgres://bot:Q@ZXJ/Q@host/db',
    'postgres://bot:QZXJ%@host/db',
    'postgres://bot:QZ XJ@host/db',
    'postgres://bot:QZXJ@[::/db',
  ])('and what can be read in two ways is refused with how to write it: %s', (url) => {
    const read = readOperatorEnvironment({ DATABASE_URL: url, AUDIT_KEY: 'x'.repeat(64) });
    const lines = read.ok ? [] : read.problems.map(formatProblem);
    expect(lines).toEqual([
      expect.stringMatching(/^DATABASE_URL: is no URL of one meaning: write @/),
    ]);
  });
});

it.each([
  'postgres://127.0.0.1/db',
  'postgresql://bot@host:5432/db?sslmode=verify-full',
  'postgres://bot:p%40ss%2Fw%23%3F%25@host/db',
  'postgres://bot:a:b@[::1]:5432/db',
  'postgres:///db?host=/var/run/postgresql',
])('takes %s', (url) => {
  expect(addressProblem(url)).toBeUndefined();
});
