import { afterEach, beforeEach, expect, it } from 'vitest';
import { startRegistry, type LocalRegistry } from '../../local/registry.ts';
import { startTokenService, type TokenService } from '../../local/token-service.ts';
import { onErrand } from '../../src/registry/errand.ts';
import { look } from '../../src/registry/registry.ts';
import { systemClock } from '../../src/registry/timing.ts';
import { account, canary } from '../helpers/registry/push.ts';

let tokens: TokenService;
let registry: LocalRegistry;
beforeEach(async () => {
  tokens = await startTokenService({ accounts: { [account().username]: canary }, life: 100 });
  registry = await startRegistry({ tokens });
});
afterEach(async () => {
  await registry.close();
  await tokens.close();
});

const target = { name: 'mozillareleases/decision', tag: '1' };

/** Looks at the tag at each of these seconds; gives how many tokens had been asked for by then. */
async function tokensAskedAt(seconds: readonly number[]): Promise<readonly number[]> {
  const started = Date.now();
  let now = started;
  const clock = { ...systemClock, now: () => now };
  const errand = { subject: 'x', credentials: account() };
  return await onErrand({ url: registry.url, clock }, errand, async (client) => {
    const asked: number[] = [];
    for (const second of seconds) {
      now = started + second * 1000;
      await look(client, target);
      asked.push(tokens.requests.length);
    }
    return asked;
  });
}

it('renews a token at 80 % of its life, before the registry would refuse it', async () => {
  expect(await tokensAskedAt([0, 1, 79, 81, 160, 162])).toEqual([1, 1, 1, 2, 2, 3]);
});

/** Tokens that were asked for by then, where the service words its answers so; they are good for the registry. */
async function withAnswer(change: object, seconds: readonly number[]): Promise<readonly number[]> {
  const query = 'service=stand-in%20registry&scope=repository:mozillareleases/decision:pull';
  const good = (await (await fetch(`${tokens.url}?${query}`)).json()) as object;
  tokens.requests.length = 0;
  const body = JSON.stringify({ ...good, ...change });
  tokens.faults.add('token', { fault: 'answer', status: 200, body }, { times: Infinity });
  return await tokensAskedAt(seconds);
}

it.each([0, null, -5, 'soon', '60', 1, undefined])(
  'keeps a token for a minute where it is said to live for %s',
  async (life) => {
    expect(await withAnswer({ expires_in: life }, [0, 47, 49])).toEqual([1, 1, 2]);
  },
);

it('takes a life that is told as text', async () => {
  expect(await withAnswer({ expires_in: '300' }, [0, 239, 241])).toEqual([1, 1, 2]);
});

it('keeps no token for longer than a day', async () => {
  const day = 24 * 60 * 60;
  const asked = await withAnswer({ expires_in: 366 * day }, [0, 0.79 * day, 0.81 * day]);
  expect(asked).toEqual([1, 1, 2]);
});

it.each([
  ['token', ''],
  ['token', null],
  ['access_token', ''],
])('takes the other token where %s is %j', async (name, value) => {
  expect(await withAnswer({ [name]: value }, [0])).toEqual([1]);
});

it('asks for one token however many requests need it at once', async () => {
  await onErrand(
    { url: registry.url },
    { subject: 'x', credentials: account() },
    async (client) => {
      await Promise.all([1, 2, 3, 4].map(() => look(client, target)));
    },
  );
  expect(tokens.requests).toHaveLength(1);
});

it('asks for one token where several requests find theirs refused, one after the other', async () => {
  await onErrand(
    { url: registry.url },
    { subject: 'x', credentials: account() },
    async (client) => {
      await look(client, target);
      tokens.revokeAll();
      registry.faults.add('manifest', { fault: 'slow', ms: 300 });
      await Promise.all([1, 2].map(() => look(client, target)));
    },
  );
  expect(tokens.requests).toHaveLength(2);
});

it('sends the password to the token service only, the token to the registry only', async () => {
  await tokensAskedAt([0]);
  expect(tokens.requests.map(({ authorization }) => authorization?.split(' ')[0])).toEqual([
    'Basic',
  ]);
  const seen = registry.requests.map(({ authorization }) => authorization?.split(' ')[0]);
  expect(seen).toEqual([undefined, 'Bearer']);
});

it('asks as nobody where there are no credentials', async () => {
  await onErrand({ url: registry.url }, { subject: 'x' }, (client) => look(client, target));
  expect(tokens.requests.map(({ authorization }) => authorization)).toEqual([undefined]);
});
