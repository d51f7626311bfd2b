import { gunzip } from '../archive/decoder.ts';
import { Meter } from '../archive/limits.ts';
import { lookInto, mercurialIn, type LayerSoftware } from '../archive/software.ts';
import { fail, PromotionError } from '../domain/errors.ts';
import type { ArchiveLayer, Contents } from '../domain/plan.ts';
import type { Bytes } from '../ports.ts';
import type { Digest } from '../domain/reference.ts';
import { blobBytes, hashed, tapped } from './blob.ts';
import type { Client } from './client.ts';
import { readConfig } from './image-config.ts';
import { isGzipLayer, readManifest, type Descriptor } from './manifest.ts';
import { Transient } from './retry.ts';

/** No image that was ever published unpacks to more. */
const limits = { unpacked: 32 * 1024 ** 3 };

/**
 * What a published image holds: its layers are streamed and hashed, nothing is kept. Throws `registry-nonsense` where
 * any part does not have the hash that names it, or another PromotionError.
 */
export async function inspectImage(
  client: Client,
  name: string,
  digest: Digest,
): Promise<Contents> {
  const what = `the image ${name}@${digest}`;
  const found = await readManifest(client, name, digest);
  if (found?.digest !== digest) {
    const problem = found ? 'its bytes do not have its digest' : 'it is not there';
    fail('registry-nonsense', { what, problem });
  }
  const { image } = found;
  if (!image) fail('registry-nonsense', { what, problem: 'it is not a single image' });
  const { platform, diffIds } = await readConfig(client, name, image);
  const layers: ArchiveLayer[] = [];
  const software: (LayerSoftware | undefined)[] = [];
  for (const [index, layer] of image.layers.entries()) {
    const read = await readLayer(client, name, layer);
    if (read.diffId !== diffIds[index]) {
      fail('registry-nonsense', {
        what: `the layer ${layer.digest}`,
        problem: 'it unpacks to another than the config says',
      });
    }
    layers.push({ diffId: read.diffId, size: read.size });
    software.push(read.software);
  }
  const mercurial = mercurialIn(software);
  const contents = { imageId: image.config.digest, layers, platform };
  return mercurial === undefined ? contents : { ...contents, mercurial };
}

type Layer = ArchiveLayer & { readonly software: LayerSoftware | undefined };

async function readLayer(client: Client, name: string, layer: Descriptor): Promise<Layer> {
  const what = `the layer ${layer.digest}`;
  if (!isGzipLayer(layer)) fail('registry-nonsense', { what, problem: `it is ${layer.mediaType}` });
  return await client.pace.persist(async () => {
    const blob = hashed(blobBytes(client, name, layer.digest));
    const raw = hashed(unpacked(blob.bytes, what));
    const software = await lookInto(raw.bytes);
    if (blob.digest() !== layer.digest) {
      fail('registry-nonsense', { what, problem: 'its bytes do not have its digest' });
    }
    return { diffId: raw.digest(), size: raw.size(), software };
  }, client.signal);
}

/** An error of the source comes through; any other is the decoder's. */
async function* unpacked(bytes: Bytes, what: string): AsyncGenerator<Uint8Array> {
  const meter = new Meter(limits);
  try {
    for await (const chunk of gunzip(tapped(bytes, (piece) => meter.took(piece.length)))) {
      meter.gave(chunk.length);
      yield chunk;
    }
  } catch (error) {
    if (error instanceof PromotionError || error instanceof Transient) throw error;
    fail('registry-nonsense', { what, problem: 'it is not sound gzip' });
  }
}
