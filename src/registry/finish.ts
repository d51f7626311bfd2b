import { PromotionError } from '../domain/errors.ts';
import { refuseImpostor } from '../domain/impostor.ts';
import type { Push } from '../ports.ts';
import type { Digest } from '../domain/reference.ts';
import type { Pushed } from '../domain/states.ts';
import type { Carried } from './carry.ts';
import type { Client } from './client.ts';
import { formatManifest } from './manifest.ts';
import { proveImage } from './prove-image.ts';
import { behindTheTag, blobSize, isOfSize, readBack } from './read-back.ts';
import type { Report } from './report.ts';
import { putManifest, putTag } from './tag.ts';
import { Upload } from './upload.ts';
import { defaultChunks, roomFor } from './window.ts';

/** An image whose layers are all there. */
export interface Ending {
  readonly push: Push;
  readonly carried: Carried;
  readonly report: Report;
  /** An upload session that is open already; whoever uses it takes it out. */
  readonly spare: { session: URL | undefined };
}

/** Config, manifest by digest, the tag last of all, and what the registry then gives back. Throws a PromotionError. */
export async function finish(client: Client, ending: Ending): Promise<Pushed> {
  const { push, carried, report } = ending;
  const { target, contents, ledger } = push;
  const { imageId } = contents;
  report.step('config');
  await putConfig(client, ending);
  const config = { digest: imageId, size: carried.config.size };
  const publication = { target, imageId, manifest: formatManifest(config, carried.layers) };
  report.step('manifest');
  const ours = await putManifest(client, publication);
  const sent = carried.layers.filter((layer) => layer.how === 'sent');
  // Before the tag: where this ends in between, what is under it is known to be ours.
  await ledger.add(
    sent.map(({ diffId, digest: blob, size: length }) => {
      return { diffId, digest: blob, size: length, repository: target.name };
    }),
  );
  await push.beforeTag(ours);
  report.step('tag');
  const digest = await putTag(client, publication);
  report.step('read-back');
  const bytes = sent.reduce((sum, layer) => sum + layer.size, 0);
  if (digest !== ours) return { ...(await asItIs(client, push, digest)), sent: bytes };
  const reading = readBack(client, { target, imageId, digest });
  const { size } = await reading.catch(behindTheTag(digest));
  return { digest, size, sent: bytes, layers: carried.layers, compressor: carried.compressor };
}

/**
 * The tag holds this very image, as it says: nothing is sent, everything is read back and proven. Throws `tag-taken` where
 * a layer is not the image's own.
 */
export async function asItIs(client: Client, push: Push, digest: Digest): Promise<Pushed> {
  const { target, contents, ledger } = push;
  const found = await readBack(client, { target, imageId: contents.imageId, digest });
  const proof = await proveImage(client, { name: target.name, digest, contents, ledger });
  if ('problem' in proof) {
    throw new PromotionError(refuseImpostor({ target, digest, problem: proof.problem }));
  }
  const compressor = 'whoever published it before';
  const { size } = found;
  return { digest, size, sent: 0, layers: proof.layers, compressor, wasThere: true };
}

async function putConfig(client: Client, { push, carried, spare }: Ending): Promise<void> {
  const { name } = push.target;
  const { bytes, size } = carried.config;
  if (!bytes || isOfSize(await blobSize(client, name, push.contents.imageId), size)) return;
  const what = 'the image config';
  const options = { client, name, what, chunks: defaultChunks, room: roomFor(defaultChunks) };
  const upload = new Upload({ ...options, onSent: () => undefined }, spare.session);
  spare.session = undefined;
  await upload.add(bytes);
  upload.finish({ digest: push.contents.imageId, size });
  await upload.done;
}
