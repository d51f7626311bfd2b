import { expect, it } from 'vitest';
import { imageArchive, makeImage, zstd } from '../../local/image.ts';
import { makeLayer } from '../../local/layer.ts';
import { createInspect } from '../../src/archive/inspect.ts';
import { entriesOf, inChunks, packed, partsOf, tarOf } from '../helpers/archive/parts.ts';

const inspect = createInspect({ unpacked: 1024 ** 3 });
const dpkg = (version: string) => ({
  'var/lib/dpkg/status': `Package: mercurial\nVersion: ${version}\n`,
});

it.each(['image_builder', 'docker-24', 'docker-25'] as const)(
  'tells the newest layer’s Mercurial, in whichever order %s stores them',
  async (layout) => {
    for (const [older, newer] of [
      ['6.1', '6.8'],
      ['6.8', '6.1'],
    ] as const) {
      const layers = [await makeLayer(dpkg(older)), await makeLayer(dpkg(newer))];
      const image = makeImage(layers);
      expect(await inspect(zstd(imageArchive(image, layout, { layers: 'gzip' })))).toEqual({
        imageId: image.imageId,
        layers: layers.map(({ diffId, size }) => ({ diffId, size })),
        platform: 'linux/amd64',
        mercurial: newer,
      });
    }
  },
);

it('takes an image whose layers nobody can look into: their hashes count', async () => {
  const contents = await inspect(
    inChunks(packed(tarOf(...entriesOf(partsOf([Buffer.from('no tar at all')]))))),
  );
  expect(contents).not.toHaveProperty('mercurial');
  expect(contents.layers).toHaveLength(1);
});

it('refuses what is no sound archive', async () => {
  await expect(inspect(inChunks(Buffer.from('x')))).rejects.toMatchObject({
    reason: 'archive-zstd',
  });
});
