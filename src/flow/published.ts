import { z } from 'zod';
import { isIntact } from '../domain/audit.ts';
import type { Published, PublishedTimes } from '../ports.ts';
import type { Digest } from '../domain/reference.ts';
import type { Store } from '../store-port.ts';
import type { ChainedEvent } from '../domain/event.ts';

const tagging = z.object({ tagging: z.object({ digest: z.string() }) });
const pushed = z.object({ pushed: z.object({ digest: z.string() }) });
const where = z.object({
  registry: z.string(),
  target: z.object({ name: z.string(), tag: z.string() }),
});

/**
 * Reads in the audit log what was published on `registry`: what was pushed and read back, and what an approved push was
 * about to put when it was cut off. This is the one place where it is read for that: nothing else may call a digest ours.
 * An event counts that is what its hash says and that our key signed. One from before events were signed does not: its
 * image is proven by its layers, as anybody's.
 */
export function publishedIn(
  { events, keys }: Pick<Store, 'events' | 'keys'>,
  registry: string,
): Published {
  return async ({ name, tag }, digest) => {
    for await (const event of events({ kinds: ['promoted', 'tagging'] })) {
      const { data } = where.safeParse(event.data);
      const isIt =
        data?.registry === registry &&
        data.target.name === name &&
        data.target.tag === tag &&
        digestIn(event) === digest;
      if (isIt && isOurs(event, keys)) return true;
    }
    return false;
  };
}

/** Reads in the same log when a tag was published on `registry`; see {@link publishedIn} for what counts. */
export function publishedTimesIn(
  { events, keys }: Pick<Store, 'events' | 'keys'>,
  registry: string,
): PublishedTimes {
  return async (name) => {
    const times = new Map<string, string>();
    for await (const event of events({ kinds: ['promoted'] })) {
      const { data } = where.safeParse(event.data);
      const isThere = data?.registry === registry && data.target.name === name;
      if (isThere && isOurs(event, keys)) times.set(data.target.tag, event.at);
    }
    return times;
  };
}

/** Whether the log says that a push of this promotion was about to put exactly this under its tag. */
export async function wasTagging(
  { events, keys }: Pick<Store, 'events' | 'keys'>,
  promotion: string,
  digest: Digest,
): Promise<boolean> {
  for await (const event of events({ promotion })) {
    const isIt = event.kind === 'tagging' && digestIn(event) === digest;
    if (isIt && isOurs(event, keys)) return true;
  }
  return false;
}

function digestIn({ kind, data }: ChainedEvent): string | undefined {
  return kind === 'tagging'
    ? tagging.safeParse(data).data?.tagging.digest
    : pushed.safeParse(data).data?.pushed.digest;
}

function isOurs(event: ChainedEvent, keys: Store['keys']): boolean {
  return isIntact(event) && keys?.isSigned(event) === true;
}

/** Where there is no log nothing was published. */
export const nothingPublished: Published = () => Promise.resolve(false);
