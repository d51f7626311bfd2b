import type { Bytes, Inspect } from '../ports.ts';
import { readArchive } from './archive.ts';
import type { ArchiveLimits } from './limits.ts';
import { lookInto, mercurialIn, type LayerSoftware } from './software.ts';

/**
 * Reads an image archive to its end and tells what it holds, Mercurial's version included. Keeps nothing. Throws what
 * {@link readArchive} throws.
 */
export function createInspect(limits: ArchiveLimits): Inspect {
  return async (archive: Bytes) => {
    const software: (LayerSoftware | undefined)[] = [];
    const { imageId, layers, platform, order } = await readArchive(archive, {
      limits,
      onLayer: async ({ bytes }) => {
        software.push(await lookInto(bytes));
      },
    });
    const mercurial = mercurialIn(order.map((index) => software[index]));
    return { imageId, layers, platform, ...(mercurial === undefined ? {} : { mercurial }) };
  };
}
