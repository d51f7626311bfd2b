import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LocalImage } from '../../local/image.ts';
import { startRegistry, type LocalRegistry } from '../../local/registry.ts';
import { createRegistryEngine } from '../../src/registry/push.ts';
import { createRegistry } from '../../src/registry/registry.ts';
import { contentsOf, limits, memoryLedger, pushOf, randomImage } from '../helpers/registry/push.ts';
import { reasonOf } from '../helpers/registry/reason.ts';
import { digestOf } from '../helpers/registry/image.ts';
import {
  evil,
  listedTwinOf,
  placeTwin,
  plainTwinOf,
  twinOf,
  wrongLayers,
} from '../helpers/registry/twins.ts';

const name = 'mozillareleases/build-decision';
const sibling = 'mozillareleases/decision';
let registry: LocalRegistry;
let image: LocalImage;
beforeEach(async () => {
  registry = await startRegistry();
  image = await randomImage(5000, 9000, 700);
});
afterEach(() => registry.close());

const at = (repository = name, tag = '1.0.0') => ({ url: registry.url, name: repository, tag });
const timing = { backoff: 1, maxBackoff: 2, attempts: 2 };
const engine = () =>
  createRegistryEngine({ url: registry.url, limits, timing, siblings: [sibling] });
const prove = (digest: ReturnType<typeof digestOf>, ledger = memoryLedger()) =>
  createRegistry({ url: registry.url, timing }).prove({
    name,
    digest,
    contents: contentsOf(image),
    ledger,
  });
const blobsRead = () => registry.requests.filter(({ step }) => step === 'get-blob').length;

describe('a manifest', () => {
  it('is the image where each layer unpacks to it, and is not read a second time', async () => {
    const twin = await twinOf(image);
    await placeTwin(at(), twin);
    const ledger = memoryLedger();
    const proof = await prove(twin.digest, ledger);
    expect('layers' in proof && proof.layers.map(({ diffId }) => diffId)).toEqual(
      image.layers.map(({ diffId }) => diffId),
    );
    expect(ledger.layers).toHaveLength(3);
    expect(blobsRead()).toBe(4);
    await prove(twin.digest, ledger);
    expect(blobsRead()).toBe(5);
  });

  it('is not the image of a ledger that knows the blob as another layer', async () => {
    const twin = await twinOf(image, { wrong: wrongLayers['another layer'] });
    await placeTwin(at(), twin);
    const blob = { digest: digestOf(gzipSync(evil)), size: gzipSync(evil).length };
    const ledger = memoryLedger([{ ...blob, diffId: digestOf(evil), repository: name }]);
    expect(await prove(twin.digest, ledger)).toEqual({
      problem: 'in layer 2, it unpacks to another layer',
    });
  });

  it('with a plain tar is the image, and is not remembered as gzip', async () => {
    const twin = await plainTwinOf(image);
    await placeTwin(at(), twin);
    const ledger = memoryLedger();
    expect(await prove(twin.digest, ledger)).toHaveProperty('layers');
    expect(ledger.layers).toHaveLength(2);
  });

  it('with a layer too many, or in another order, is not the image', async () => {
    const { layers } = image;
    const more = await twinOf({ ...image, layers: [...layers, layers[0]!] });
    await placeTwin(at(), more);
    expect(await prove(more.digest)).toEqual({ problem: 'it has 4 layers, not 3' });
    const turned = await twinOf({ ...image, layers: layers.toReversed() });
    await placeTwin(at(), turned);
    expect(await prove(turned.digest)).toHaveProperty('problem');
  });

  it('that is a list is not the image', async () => {
    const list = await listedTwinOf(image);
    await placeTwin(at(), list);
    expect(await prove(list.digest)).toHaveProperty('problem');
  });

  it('whose layer unpacks to gigabytes is given up at the size that the layer has', async () => {
    const bomb = gzipSync(Buffer.alloc(300_000));
    const type = 'application/vnd.docker.image.rootfs.diff.tar.gzip';
    const twin = await twinOf(image, { wrong: () => ({ bytes: bomb, mediaType: type }) });
    await placeTwin(at(), twin);
    expect(await prove(twin.digest)).toEqual({
      problem: 'in layer 2, it unpacks to more than the layer',
    });
    const large = { bytes: Buffer.alloc(500_000, 1), mediaType: type };
    const huge = await twinOf(image, { wrong: () => large });
    await placeTwin(at(), huge);
    const before = blobsRead();
    expect(await prove(huge.digest)).toEqual({ problem: 'in layer 2, it has 500000 bytes' });
    // The config and the two others: not a byte of that one.
    expect(blobsRead() - before).toBe(3);
  });
});

describe('a registry that gives other bytes than it names', () => {
  it('for a layer proves nothing, and is not called an impostor', async () => {
    const twin = await twinOf(image);
    await placeTwin(at(), twin);
    const other = { fault: 'body', body: gzipSync(evil) } as const;
    registry.faults.add('get-blob', other, { skip: 1, times: 99 });
    expect(await reasonOf(prove(twin.digest))).toBe('registry-nonsense');
  });

  it('that unpack to the very layer proves nothing either: the blob is another', async () => {
    const twin = await twinOf(image);
    await placeTwin(at(), twin);
    for (const blob of twin.blobs.slice(1)) {
      const dated = Buffer.from(blob);
      dated[4] = 1;
      registry.store.repository(name).blobs.set(digestOf(blob), dated);
    }
    expect(await reasonOf(prove(twin.digest))).toBe('registry-nonsense');
  });

  it('for the manifest by its digest proves nothing', async () => {
    const good = await twinOf(image);
    const bad = await twinOf(image, { wrong: wrongLayers['another layer'] });
    await placeTwin(at(), good);
    registry.faults.add('manifest', { fault: 'body', body: bad.manifest }, { times: 9 });
    expect(await reasonOf(prove(good.digest))).toBe('registry-nonsense');
  });

  it('for a layer that another repository is said to have gets it sent anew', async () => {
    await placeTwin(at(sibling, '7'), await twinOf(image));
    const other = { fault: 'body', body: gzipSync(evil) } as const;
    // The config of the hint is sound, what it leads to is not.
    registry.faults.add('get-blob', other, { skip: 1, times: 99 });
    const pushed = await engine()(pushOf(image));
    expect(pushed.layers.map(({ how }) => how)).toEqual(['sent', 'sent', 'sent']);
  });
});

describe('a hint', () => {
  it('that is true saves the sending, once proven, and is remembered', async () => {
    await placeTwin(at(sibling, '7'), await twinOf(image));
    const push = pushOf(image);
    const pushed = await engine()(push);
    expect(pushed.layers.map(({ how }) => how)).toEqual(['mounted', 'mounted', 'mounted']);
    expect(push.ledger.layers.map(({ repository }) => repository)).toEqual([
      sibling,
      sibling,
      sibling,
    ]);
  });

  it.each(Object.entries(wrongLayers))(
    'that leads to %s costs a look, and that layer is sent',
    async (_, wrong) => {
      const twin = await twinOf(image, { wrong });
      await placeTwin(at(sibling, '7'), twin);
      const push = pushOf(image);
      const pushed = await engine()(push);
      expect(pushed.layers.map(({ how }) => how)).toEqual(['mounted', 'sent', 'mounted']);
      expect(push.opened()).toBeLessThanOrEqual(2);
    },
  );

  it('of many wrong ones costs no more than two blobs of a layer', async () => {
    for (const [index, wrong] of Object.values(wrongLayers).entries()) {
      await placeTwin(at(name, `v${index}`), await twinOf(image, { wrong, at: 0 }));
    }
    const before = blobsRead();
    const pushed = await engine()(pushOf(image, { target: { name, tag: 'new' } }));
    expect(pushed.layers.map(({ how }) => how)).toEqual(['sent', 'present', 'present']);
    // Five configs, two blobs twice, two good ones.
    expect(blobsRead() - before).toBeLessThanOrEqual(5 + 4 + 2);
  });
});
