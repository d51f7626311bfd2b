import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { LocalImage } from '../../local/image.ts';
import { randomImage } from '../helpers/registry/push.ts';
import {
  expectPublished,
  faultyWorld,
  forever,
  resultOf,
  tagged,
  toldOf,
  type FaultyWorld,
} from '../helpers/faults/registry-world.ts';
import { startStranger, type Stranger } from '../helpers/faults/stranger.ts';

let image: LocalImage;
let world: FaultyWorld;
let stranger: Stranger;
beforeAll(async () => {
  image = await randomImage(400_000, 20_000);
});
beforeEach(async () => {
  world = await faultyWorld();
  stranger = await startStranger();
});
afterEach(async () => {
  await world.close();
  stranger.close();
});

/** How many Authorization headers a stranger got. */
const given = () => stranger.requests.filter(({ authorization }) => authorization).length;

const pointedAt = (what: string, host: string): string =>
  `The registry pointed ${what} at ${host}, which is not allowed. No credentials were sent there; look at the registry’s configuration.`;

describe('a stranger gets no Authorization header', () => {
  const challenge = () => ({ 'www-authenticate': `Bearer realm="${stranger.url}/token"` });

  it('when an upload is sent to him and he asks for one', async () => {
    stranger.answer = (_, response) => response.writeHead(401, challenge()).end();
    const location = `${stranger.url}/upload`;
    world.fault('start', { fault: 'headers', headers: { location } }, forever);
    expect(resultOf((await world.push(image)).outcome)).toMatch(/^registry-/);
    expect(stranger.requests.length).toBeGreaterThan(0);
    expect([given(), stranger.requests.filter(({ path }) => path.startsWith('/token'))]).toEqual([
      0,
      [],
    ]);
  });

  it.each(['look', 'manifest', 'head-blob', 'tags'] as const)(
    'when a question (%s) is redirected to him',
    async (step) => {
      stranger.answer = (_, response) => response.writeHead(401, challenge()).end();
      const headers = { location: `${stranger.url}/elsewhere` };
      world.fault(step, { fault: 'answer', status: 307, headers }, forever);
      await world.push(image);
      expect(stranger.requests.length).toBeGreaterThan(0);
      expect(given()).toBe(0);
    },
  );

  it.each(['put-manifest', 'put-tag', 'finish', 'start'] as const)(
    'when what is sent (%s) is redirected to him: it is not followed at all',
    async (step) => {
      const headers = { location: `${stranger.url}/elsewhere` };
      world.fault(step, { fault: 'answer', status: 307, headers }, forever);
      expect(resultOf((await world.push(image)).outcome)).toBe('registry-refused');
      expect(stranger.connections).toBe(0);
    },
  );

  it('when a realm names him beside a password: nobody even calls', async () => {
    const realm = stranger.url.replace('http://', 'http://user:x@');
    const headers = { 'www-authenticate': `Bearer realm="${realm}/token"` };
    world.fault('ping', { fault: 'answer', status: 401, headers }, forever);
    const { outcome } = await world.push(image);
    expect(resultOf(outcome)).toBe('registry-token-service');
    expect(toldOf(outcome)).toContain(`fetched at ${new URL(realm).host}, and nobody said`);
    expect(stranger.connections).toBe(0);
  });

  it('and is seen to be one: who counts sees a header where one is sent', async () => {
    await fetch(stranger.url, { headers: { authorization: 'Basic eDp4' } });
    expect(given()).toBe(1);
    await fetch(stranger.foreignUrl, { headers: { authorization: 'Basic eDp4' } });
    expect(given()).toBe(2);
    expect(stranger.connections).toBe(2);
  });
});

describe('nobody even calls on a stranger', () => {
  it.each([
    'ping',
    'look',
    'start',
    'patch',
    'finish',
    'head-blob',
    'put-manifest',
    'put-tag',
  ] as const)('whose realm the registry names where it answers %s', async (step) => {
    const headers = { 'www-authenticate': `Bearer realm="${stranger.foreignUrl}/token"` };
    world.fault(step, { fault: 'answer', status: 401, headers });
    const { outcome } = await world.push(image);
    expect(resultOf(outcome)).toBe('registry-token-service');
    expect(toldOf(outcome)).toContain(
      `fetched at ${new URL(stranger.foreignUrl).host}, and nobody`,
    );
    expect(stranger.connections).toBe(0);
    expect(tagged(world)).toBeUndefined();
    expectPublished(world, (await world.push(image)).outcome);
  });

  it.each(['start', 'patch'] as const)(
    'to whom the registry sends an upload on, in its answer to %s',
    async (step) => {
      const headers = { location: `${stranger.foreignUrl}/upload` };
      world.fault(step, { fault: 'headers', headers });
      const { outcome } = await world.push(image);
      expect(resultOf(outcome)).toBe('registry-foreign-host');
      const what = step === 'start' ? 'the first upload' : 'the upload of layer 1';
      const { host } = new URL(stranger.foreignUrl);
      expect(toldOf(outcome)).toBe(pointedAt(what, host));
      expect(stranger.connections).toBe(0);
      expect(tagged(world)).toBeUndefined();
      expectPublished(world, (await world.push(image)).outcome);
    },
  );
});

it('an upload that goes on at another host, where it may, goes there without the token', async () => {
  world.fault('patch', { fault: 'headers', headers: { location: `${stranger.url}/upload` } });
  // He answers 404: the upload is begun anew, at the registry itself.
  expectPublished(world, (await world.push(image)).outcome);
  expect(stranger.requests.length).toBeGreaterThan(0);
  expect(given()).toBe(0);
});
