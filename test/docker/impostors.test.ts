import type { ServerResponse } from 'node:http';
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeImage, type LocalImage } from '../../local/image.ts';
import { makeLayer } from '../../local/layer.ts';
import { startRegistry, type LocalRegistry } from '../../local/registry.ts';
import { createDockerEngine } from '../../src/docker/engine.ts';
import { besideEngine } from '../../src/registry/beside-engine.ts';
import { reasonOf } from '../helpers/registry/reason.ts';
import { placeTwin, twinOf, wrongLayers, type Twin } from '../helpers/registry/twins.ts';
import { events, json, startFakeEngine, type FakeEngine } from '../helpers/docker/engine-api.ts';
import { account, pushOf } from '../helpers/docker/setting.ts';

const target = { name: 'mozillareleases/test', tag: 'v1' };
const authorization = `Basic ${Buffer.from('relbot:secret').toString('base64')}`;

let registry: LocalRegistry;
let fake: FakeEngine;
let image: LocalImage;
beforeEach(async () => {
  registry = await startRegistry({ accounts: { relbot: 'secret' } });
  fake = await startFakeEngine(registry.url);
  image = makeImage([await makeLayer({ base: 'x' }), await makeLayer({ app: randomBytes(9000) })]);
});
afterEach(async () => {
  await fake.close();
  await registry.close();
});

const setting = () => pushOf({ image, target, credentials: account('relbot', 'secret') });
const push = (given = setting()) => {
  const timing = { attempts: 1, backoff: 1 };
  const limits = { unpacked: 1024 ** 2 };
  const at = { url: registry.url, timing };
  return createDockerEngine({ dockerHost: fake.host, registry: besideEngine(at), limits })(
    given.push,
  );
};
const place = (twin: Twin) => placeTwin({ url: registry.url, ...target, authorization }, twin);
const wrong = { wrong: wrongLayers['another layer'] };
const pushes = () => fake.requests.filter((line) => line.endsWith('/push'));

it('a tag with the image’s id over other layers is refused before anything is downloaded', async () => {
  await place(await twinOf(image, wrong));
  const given = setting();
  await expect(push(given)).rejects.toMatchObject({
    reason: 'tag-taken',
    message: expect.stringContaining('whoever pulls it runs something else'),
  });
  expect([given.opened(), fake.requests.length]).toEqual([0, 0]);
});

it('a tag with this very image, made by somebody else, is read, proven and left as it is', async () => {
  const twin = await twinOf(image);
  await place(twin);
  const given = setting();
  expect(await push(given)).toMatchObject({ digest: twin.digest, sent: 0, wasThere: true });
  expect(given.ledger).toHaveLength(2);
  expect(fake.requests).toEqual([]);
});

it.each([
  ['of this very image is not pushed over, but proven', undefined, undefined],
  ['with other layers is not pushed over, but refused', wrong, 'tag-taken'],
] as const)('a tag %s where it was set while the image was loaded', async (_, how, reason) => {
  const twin = await twinOf(image, how);
  fake.instead['tag'] = async (response: ServerResponse) => {
    await place(twin);
    json(response, 201, {});
  };
  const done = push();
  if (reason) expect(await reasonOf(done)).toBe(reason);
  else expect(await done).toMatchObject({ digest: twin.digest, sent: 0 });
  expect(pushes()).toEqual([]);
});

it('a layer that the engine did not send, as it was there, is proven: a wrong one is a failure', async () => {
  const twin = await twinOf(image, wrong);
  const [first, second] = image.layers.map(({ diffId }) => diffId.slice(7, 19));
  fake.instead['push'] = async (response: ServerResponse) => {
    await place(twin);
    events(
      response.writeHead(200),
      { status: 'Pushed', id: first },
      { status: 'Layer already exists', id: second },
      { status: `v1: digest: ${twin.digest} size: 5` },
    );
    response.end();
  };
  const given = setting();
  expect(await reasonOf(push(given))).toBe('read-back-layers');
  expect(given.ledger).toEqual([]);
});
