import { z } from 'zod';
import { fail } from '../domain/errors.ts';
import type { Client } from './client.ts';

const page = z.object({ tags: z.array(z.string()).nullable() });

/** More tags than this are not read: nobody looks through them. */
const most = 10_000;

const natural = new Intl.Collator('en', { numeric: true });

/**
 * The tags of a repository. A registry does not tell when a tag was made: higher versions come first, which is the
 * newest first for every scheme that counts. Empty where there is no such repository.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-tags
 */
export async function listTags(client: Client, name: string): Promise<readonly string[]> {
  const what = `the tags of ${name}`;
  const found: string[] = [];
  let at: string | URL | undefined = `/v2/${name}/tags/list?n=1000`;
  while (at !== undefined && found.length < most) {
    const answer = await client.call({
      what,
      method: 'GET',
      at,
      scope: client.reading(name),
      expect: [200, 404],
    });
    if (answer.status === 404) break;
    const { tags } = parse(answer.bytes, what);
    found.push(...tags);
    const next: string | undefined = /<([^>]+)>\s*(?:;[^,<]*)?;\s*rel="?next"?/i.exec(
      answer.lines('link').join(', '),
    )?.[1];
    at = next && tags.length > 0 ? client.locate(next, { from: client.url(at), what }) : undefined;
  }
  return found.toSorted((a, b) => natural.compare(b, a));
}

function parse(bytes: Buffer, what: string): { tags: string[] } {
  try {
    return { tags: page.parse(JSON.parse(bytes.toString('utf8'))).tags ?? [] };
  } catch {
    return fail('registry-nonsense', { what, problem: 'it is no list of tags' });
  }
}
