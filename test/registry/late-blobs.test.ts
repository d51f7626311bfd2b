import { afterEach, beforeEach, expect, it } from 'vitest';
import { startRegistry, type LocalRegistry } from '../../local/registry.ts';
import { createRegistryEngine } from '../../src/registry/push.ts';
import { limits, pushOf, randomImage } from '../helpers/registry/push.ts';
import { reasonOf } from '../helpers/registry/reason.ts';

let registry: LocalRegistry;
beforeEach(async () => {
  registry = await startRegistry();
});
afterEach(() => registry.close());

const engine = () => {
  const timing = { backoff: 1, maxBackoff: 4 };
  return createRegistryEngine({ url: registry.url, limits, timing });
};
const unknown = JSON.stringify({ errors: [{ code: 'MANIFEST_BLOB_UNKNOWN', message: 'x' }] });

it('a blob that is seen late after the tag is set is waited for', async () => {
  // One look at the config before it is sent, then six at what is there but not seen.
  registry.faults.add('head-blob', { fault: 'answer', status: 404 }, { skip: 1, times: 6 });
  const pushed = await engine()(pushOf(await randomImage(9000)));
  expect(pushed.sent).toBeGreaterThan(0);
});

it('one that is never seen is told with the digest that the tag is set to, and Retry goes on from there', async () => {
  const image = await randomImage(9000);
  registry.faults.add('head-blob', { fault: 'answer', status: 404 }, { times: Infinity });
  const failed = engine()(pushOf(image));
  const { tags } = registry.store.repository('mozillareleases/build-decision');
  await expect(failed).rejects.toMatchObject({ reason: 'registry-nonsense' });
  const digest = tags.get('1.0.0');
  await expect(failed).rejects.toThrow(`it is missing; the tag is set, to ${digest}`);
  registry.faults.clear();
  const again = pushOf(image);
  expect(await engine()(again)).toMatchObject({ digest, sent: 0 });
  expect(again.opened()).toBe(0);
});

it.each(['', '0'])(
  'a HEAD whose length is “%s” tells that the blob is there, and no more',
  async (length) => {
    const image = await randomImage(9000);
    const headers = { 'content-length': length };
    const first = pushOf(image);
    registry.faults.add('head-blob', { fault: 'headers', headers }, { skip: 1, times: Infinity });
    const { digest } = await engine()(first);
    const target = { name: 'mozillareleases/build-decision', tag: '2' };
    const again = await engine()(pushOf(image, { target, ledger: first.ledger }));
    expect(again).toMatchObject({ digest, sent: 0 });
  },
);

it('a manifest that is refused for a blob which was just taken is put again', async () => {
  const late = { fault: 'answer', status: 400, body: unknown } as const;
  registry.faults.add('put-manifest', late, { times: 2 });
  expect((await engine()(pushOf(await randomImage(9000)))).sent).toBeGreaterThan(0);
  registry.faults.add('put-manifest', { ...late, body: '{}' }, { times: Infinity });
  const target = { name: 'mozillareleases/other', tag: '1' };
  expect(await reasonOf(engine()(pushOf(await randomImage(10), { target })))).toBe(
    'registry-refused',
  );
});
