import type { Contents } from '../domain/plan.ts';
import { createHash } from 'node:crypto';
import { fail } from '../domain/errors.ts';
import { digestFromHex, type Digest } from '../domain/reference.ts';
import { parseConfig, parseManifest, type ArchivedImage, type ImageConfig } from './image-json.ts';
import { refuseLayer, type ReadLayer } from './layer.ts';
import { quoted, refuseEntry } from './members.ts';
import { checkIndex } from './oci-index.ts';

/** An image archive that was read to its end and proven, but for layers that were read unhashed. */
export interface ReadArchive extends Contents {
  /** The image's config, byte by byte. */
  readonly config: Uint8Array;
  /** `layers[i]` was the archive's layer number `order[i]` (0-based). */
  readonly order: readonly number[];
}

/** Everything found in an archive, by entry name. */
export interface Found {
  readonly layers: Map<string, ReadLayer>;
  readonly json: Map<string, Uint8Array>;
  /** Second names of layers: name → name of the file. */
  readonly links: Map<string, string>;
}

/**
 * What the image is, out of everything that was found in the archive. Throws where the parts do not make exactly one
 * whole image.
 */
export function contentsOf(found: Found): ReadArchive {
  const manifest = found.json.get('manifest.json');
  if (!manifest) fail('archive-manifest', { problem: 'it is missing' });
  const image = parseManifest(manifest);
  const config = found.json.get(image.Config);
  if (!config || image.Config === 'manifest.json' || image.Config === 'index.json') {
    fail('archive-config', { problem: `there is no ${quoted(image.Config)}` });
  }
  const imageId = digestFromHex(createHash('sha256').update(config).digest('hex'));
  if (!image.Config.includes(imageId.slice('sha256:'.length))) {
    fail('archive-config', { problem: `its sha256 is not its name: it is ${imageId}` });
  }
  const { rootfs, ...platform } = parseConfig(config);
  const layers = layersOf(found, image, rootfs.diff_ids);
  refuseLeftovers(found, image, layers);
  checkIndex(found.json, imageId);
  return {
    imageId,
    layers: layers.map(({ diffId, size }) => ({ diffId, size })),
    platform: platformOf(platform),
    config,
    order: layers.map(({ index }) => index),
  };
}

function layersOf(found: Found, { Layers }: ArchivedImage, diffIds: readonly Digest[]) {
  if (Layers.length !== diffIds.length) {
    const problem = `it lists ${Layers.length} layers, the image’s config ${diffIds.length}`;
    fail('archive-manifest', { problem });
  }
  return Layers.map((name, at): ReadLayer => {
    const layer = found.layers.get(found.links.get(name) ?? name);
    if (!layer) refuseLayer(at, `is missing: there is no ${quoted(name)}`);
    const { diffId } = layer;
    if (diffId !== diffIds[at])
      refuseLayer(at, `is ${diffId}, not ${diffIds[at]} as in the config`);
    return layer;
  });
}

/** What belongs to no image may be another reader's image. */
function refuseLeftovers(found: Found, image: ArchivedImage, used: readonly ReadLayer[]): void {
  for (const [name, layer] of found.layers) {
    if (!used.includes(layer)) refuseEntry(name, 'it is a layer that the image does not have');
  }
  for (const [name, target] of found.links) {
    if (!found.layers.has(target)) refuseEntry(name, 'it is a symlink to nothing');
  }
  for (const name of found.json.keys()) {
    const isConfig = /^(?:[0-9a-f]{64}\.json|sha256:[0-9a-f]{64})$/.test(name);
    if (isConfig && name !== image.Config) refuseEntry(name, 'it is the config of another image');
  }
}

function platformOf({ os, architecture, variant }: Omit<ImageConfig, 'rootfs'>): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join('/');
}
