import { afterAll, beforeAll, expect, it } from 'vitest';
import { isRetryable, PromotionError } from '../../src/domain/errors.ts';
import { createRegistryEngine } from '../../src/registry/push.ts';
import { account, canary, limits, pushOf, randomImage } from '../helpers/registry/push.ts';
import { startQuirkProxy, type Quirk } from '../helpers/registry/quirk-proxy.ts';
import { about, headers, refuses, tells } from '../helpers/registry/quirks.ts';
import type { StartRegistry } from './registry.ts';

const { username } = account();
const timing = { backoff: 1, maxBackoff: 4 };
const chunks = { least: 50_000, most: 100_000 };

const messageOf = (outcome: object): string => (outcome instanceof Error ? outcome.message : '');

const basic = `Basic ${Buffer.from(`${username}:${canary}`).toString('base64')}`;

/** Challenges as they come from registries behind a company's proxy. */
const challenged = (change: (own: string) => readonly string[]): Quirk =>
  headers(
    () => true,
    (_, answered) => {
      const own = answered.headers?.['www-authenticate'];
      return own === undefined ? {} : { 'www-authenticate': change(String(own)) };
    },
  );

/** A registry with each of them is pushed to as if it had none. */
const bearable: Readonly<Record<string, Quirk>> = {
  'answers 200 to a chunk': tells(about.patch, 200),
  'answers 201 to a chunk': tells(about.patch, 201),
  'answers 204 to a chunk': tells(about.patch, 204),
  'answers 200 to the start of an upload': tells(about.start, 200),
  'answers 202 to the end of a blob': tells(about.endOfBlob, 202),
  'answers 200 to a manifest': tells(about.put, 200),
  'answers 202 to a manifest': tells(about.put, 202),
  'tells a Range that stands still': headers(about.patch, () => ({ range: '0-0' })),
  'tells a Range that is one too high': headers(about.patch, (_, { headers: given }) => {
    const [, last] = /-(\d+)$/.exec(String(given?.['range'])) ?? [];
    return { range: `0-${Number(last) + 1}` };
  }),
  'repeats its Range': headers(about.patch, (_, { headers: given }) => {
    const range = String(given?.['range']);
    return { range: `${range}, ${range}` };
  }),
  'repeats its digests': headers(about.anything, (_, { headers: given }) => {
    const digest = given?.['docker-content-digest'];
    return digest === undefined
      ? {}
      : { 'docker-content-digest': [String(digest), String(digest)] };
  }),
  'has no such session for chunks': {
    instead: ({ method, bytes }) =>
      method === 'PATCH' && Number.isFinite(bytes) ? { status: 404 } : undefined,
  },
  'does not know a blob that it has just taken': refuses(about.put, {
    status: 404,
    code: 'MANIFEST_BLOB_UNKNOWN',
    times: 2,
  }),
  'gives nothing out until it is scanned': {
    // The tag is looked at twice before it is put.
    instead: ((left) => (passing) => {
      if (!about.pull(passing)) return undefined;
      left -= 1;
      return left < 0 && left >= -3 ? { status: 412 } : undefined;
    })(2) as Quirk['instead'],
  },
  'asks for Negotiate first, in a line of its own': challenged((own) => ['Negotiate', own]),
  'asks for several in one line': challenged((own) => [
    `Negotiate, NTLM, ${own}, Digest realm="x", nonce="y"`,
  ]),
};

/** A registry with each of them can't be pushed to: what it says of that is told. */
const told: Readonly<Record<string, readonly [Quirk, RegExp, boolean]>> = {
  'has no such repository': [
    refuses(about.start, { status: 404, code: 'NAME_UNKNOWN', message: 'no <b>such</b> thing' }),
    /^The registry has no repository for \S+ \(404 “NAME_UNKNOWN: no <b>such<\/b> thing”\)\. An operator must create it/,
    true,
  ],
  'is full': [
    refuses(about.patch, { status: 403, code: 'DENIED', message: 'quota exceeded' }),
    /^The registry has no room for .* \(403 “DENIED: quota exceeded”\)\. An operator must make room/,
    true,
  ],
  'calls the tag immutable': [
    refuses(about.putTag, {
      status: 412,
      code: 'PRECONDITION',
      message: 'configured as immutable',
    }),
    /^The registry lets nobody put \S+: it calls the tag immutable \(412 “PRECONDITION: .*”\)\. Give another tag/,
    false,
  ],
  'lets us not': [
    refuses(about.start, { status: 403, code: 'DENIED', message: 'requested access is denied' }),
    /^The registry does not let this account push to \S+ \(403 “DENIED: requested access is denied”\)\. Check/,
    true,
  ],
  'takes no such manifest': [
    refuses(about.put, {
      status: 422,
      code: 'MANIFEST_INVALID',
      message: `${'a\u202e'.repeat(999)}`,
    }),
    /^The registry’s answer to the manifest of \S+ is 422 “MANIFEST_INVALID: a{240}…”\. It will say the same again/,
    true,
  ],
};

/** What registries are seen to do that the spec does not say, before a real one and before the stand-in. */
export function quirkContract(start: StartRegistry): void {
  let registry: Awaited<ReturnType<StartRegistry>>;
  let number = 0;
  beforeAll(async () => {
    registry = await start('basic', { user: username, password: canary });
  });
  afterAll(() => registry.close());

  async function pushThrough(...quirks: readonly Quirk[]) {
    const proxy = await startQuirkProxy(registry.url, ...quirks);
    const target = { name: 'mozillareleases/quirks', tag: `${(number += 1)}` };
    const push = pushOf(await randomImage(240_000, 2000), { target });
    const engine = createRegistryEngine({ url: proxy.url, limits, timing, chunks });
    try {
      return await engine(push).catch((error: unknown) => {
        if (error instanceof PromotionError) return error;
        throw error;
      });
    } finally {
      await proxy.close();
    }
  }

  it.each(Object.entries(bearable))('a registry that %s gets the image', async (_, quirk) => {
    const pushed = await pushThrough(quirk);
    if (pushed instanceof PromotionError) throw pushed;
    expect(pushed.layers.map(({ how }) => how)).toEqual(['sent', 'sent']);
  });

  it('one that has several of them at once gets it, too', async () => {
    const several = [about.patch, about.put].map((which) => tells(which, 200));
    expect(
      await pushThrough(
        ...several,
        challenged((own) => ['Negotiate', own]),
      ),
    ).toMatchObject({
      layers: [{ how: 'sent' }, { how: 'sent' }],
    });
  });

  it.each(Object.entries(told))(
    'one that %s is told in its own words, with the right next move',
    async (_, [quirk, words, mayRetry]) => {
      const error = await pushThrough(quirk);
      if (!(error instanceof PromotionError)) throw new Error('it was published');
      expect(error.message).toMatch(words);
      expect(isRetryable(error.refusal)).toBe(mayRetry);
    },
  );

  it('one that never gives out what it took is told with the digest that the tag is set to', async () => {
    let isSet = false;
    const error = await pushThrough({
      instead: (passing) => (isSet && about.pull(passing) ? { status: 412 } : undefined),
      changed: (passing, answered) => {
        isSet ||= about.putTag(passing);
        return answered;
      },
    });
    expect(error).toMatchObject({ reason: 'registry-withheld' });
    expect(messageOf(error)).toMatch(
      / out yet \(412\); the tag is set, to sha256:[0-9a-f]{64}\. It/,
    );
  });

  it.each([
    ['the password', canary],
    ['the header', basic],
    ['the header in other letters', basic.toLowerCase()],
    ['the password in invisible letters’ company', canary.split('').join('\u200b')],
    ['the password in base64', Buffer.from(canary).toString('base64')],
  ])('one that says %s back is not quoted', async (_, secret) => {
    const message = `you sent ${secret}`;
    const error = await pushThrough(refuses(about.start, { status: 403, code: 'DENIED', message }));
    expect(messageOf(error)).toContain('(403 “DENIED”)');
    const code = await pushThrough(refuses(about.start, { status: 403, code: secret, message }));
    expect(messageOf(code)).toContain('(403). Check');
  });
}
