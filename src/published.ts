import { z } from 'zod';
import { isIntact } from './audit.ts';
import type { Published } from './ports.ts';
import type { ChainedEvent, Store } from './store-port.ts';

const promoted = z.object({
  registry: z.string(),
  target: z.object({ name: z.string(), tag: z.string() }),
  pushed: z.object({ digest: z.string() }),
});

/**
 * Reads in the audit log what was published on `registry`. This is the one place where it is read for that: nothing else
 * may call a digest ours. An event counts that is what its hash says and that our key signed. One from before events were
 * signed does not: its image is proven by its layers, as anybody's.
 */
export function publishedIn(
  { events, keys }: Pick<Store, 'events' | 'keys'>,
  registry: string,
): Published {
  const isOurs = (event: ChainedEvent): boolean =>
    isIntact(event) && keys?.isSigned(event) === true;
  return async ({ name, tag }, digest) => {
    for await (const event of events({ kinds: ['promoted'] })) {
      const { data } = promoted.safeParse(event.data);
      const isIt =
        data?.pushed.digest === digest &&
        data.registry === registry &&
        data.target.name === name &&
        data.target.tag === tag;
      if (isIt && isOurs(event)) return true;
    }
    return false;
  };
}

/** Where there is no log nothing was published. */
export const nothingPublished: Published = () => Promise.resolve(false);
