import type { IncomingHttpHeaders } from 'node:http';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { LocalImage } from '../../local/image.ts';
import { startRegistry } from '../../local/registry.ts';
import type { Fault } from '../../local/registry/faults.ts';
import { fail } from '../../src/domain/errors.ts';
import { createRegistry } from '../../src/registry/registry.ts';
import {
  digestOf,
  mediaType,
  pushPlainly,
  smallImage,
  type SmallImage,
} from '../helpers/registry/image.ts';
import { account, canary, randomImage } from '../helpers/registry/push.ts';
import { reasonOf } from '../helpers/registry/reason.ts';
import { authorizationFor } from '../helpers/registry/authorization.ts';
import {
  faultyWorld,
  resultOf,
  timing,
  toldOf,
  type FaultyWorld,
} from '../helpers/faults/registry-world.ts';

const target = { name: 'mozillareleases/build-decision', tag: '1.0.0' };
const forever = { times: Infinity };

let world: FaultyWorld;
let image: LocalImage;
beforeAll(async () => {
  image = await randomImage(400_000, 20_000);
});
beforeEach(async () => {
  world = await faultyWorld();
});
afterEach(() => world.close());

/** What the tag holds, straight from the stand-in's memory. */
function tagged(): string | undefined {
  return world.registry.store.repositories.get(target.name)?.tags.get(target.tag);
}

const answers = (status: number, headers = {}): Fault => ({ fault: 'answer', status, headers });

describe('an upload', () => {
  it('goes on where the registry was cut off, and sends the rest only', async () => {
    world.fault('patch', { fault: 'cut', after: 30_000 }, { skip: 1 });
    const { outcome, push } = await world.push(image);
    expect(resultOf(outcome)).toBe('published');
    expect(push.opened()).toBe(1);
    expect(world.count('status')).toBe(1);
  });

  it('goes on after the reply to a chunk was lost', async () => {
    world.fault('patch', { fault: 'lose-reply' }, { skip: 1 });
    const { outcome, push } = await world.push(image);
    expect(resultOf(outcome)).toBe('published');
    expect(push.opened()).toBe(1);
  });

  it('asks where it is after a 416', async () => {
    world.fault('patch', answers(416), { skip: 1 });
    const { outcome, push } = await world.push(image);
    expect(resultOf(outcome)).toBe('published');
    expect(push.opened()).toBe(1);
    expect(world.count('status')).toBe(1);
  });

  it('is recognised as complete when the reply to its end was lost', async () => {
    world.fault('finish', { fault: 'lose-reply' });
    const { outcome } = await world.push(image);
    expect(resultOf(outcome)).toBe('published');
    // Two layers and the config; the lost one was not sent again.
    expect(world.count('finish')).toBe(3);
  });

  it('is begun anew when the registry forgot it and every byte is still at hand', async () => {
    world.fault('patch', {
      fault: 'meanwhile',
      happens: () => world.registry.store.uploads.clear(),
    });
    const { outcome, push } = await world.push(image);
    expect(resultOf(outcome)).toBe('published');
    expect(push.opened()).toBe(1);
  });

  it('is begun anew from the artifact when the bytes are gone', async () => {
    const forget = {
      fault: 'meanwhile',
      happens: () => world.registry.store.uploads.clear(),
    } as const;
    world.fault('patch', forget, { skip: 2 });
    const { outcome, push } = await world.push(image);
    expect(resultOf(outcome)).toBe('published');
    expect(push.opened()).toBe(2);
  });

  it('is begun anew where the registry has one byte, of which it tells as it tells of none', async () => {
    world.fault('patch', { fault: 'cut', after: 1 });
    const { outcome, push } = await world.push(image);
    expect(resultOf(outcome)).toBe('published');
    expect(push.opened()).toBe(1);
    expect(world.count('cancel')).toBe(0);
  });

  it.each([400, 405, 411, 413, 501])(
    'falls back to one request where the registry takes no second chunk (%i)',
    async (status) => {
      const only = (headers: IncomingHttpHeaders): boolean =>
        headers['content-range'] !== undefined && !headers['content-range'].startsWith('0-');
      world.fault('patch', answers(status), { ...forever, only });
      const { outcome, push } = await world.push(image);
      expect(resultOf(outcome)).toBe('published');
      expect(push.opened()).toBe(2);
    },
  );

  const claiming = (range: string): void => {
    world.fault('patch', { fault: 'headers', headers: { range } }, { skip: 1, times: Infinity });
    world.fault('status', { fault: 'headers', headers: { range } }, forever);
  };

  it('does not believe that less is there than was confirmed: twice lost, it goes in one request', async () => {
    claiming('0-5');
    const { outcome, push } = await world.push(image);
    expect(resultOf(outcome)).toBe('published');
    expect(push.opened()).toBe(3);
  });

  it('does not believe that more is there than was sent: twice lost, it goes in one request and is proven', async () => {
    claiming('0-999999999');
    const { outcome, push } = await world.push(image);
    expect(resultOf(outcome)).toBe('published');
    expect(push.opened()).toBe(3);
  });

  it('that was opened in vain is left to the registry where only a right to delete would end it', async () => {
    const open = (): never => fail('taskcluster-unreachable', { what: 'x', problem: 'y' });
    const { outcome } = await world.push(image, { open: async () => open() });
    expect(resultOf(outcome)).toBe('taskcluster-unreachable');
    expect(world.count('start')).toBe(1);
    expect(world.count('cancel')).toBe(0);
  });

  it('gives up when the registry forgets it again and again', async () => {
    const forget = {
      fault: 'meanwhile',
      happens: () => world.registry.store.uploads.clear(),
    } as const;
    world.fault('finish', forget, forever);
    const { outcome, push } = await world.push(image);
    expect(resultOf(outcome)).toBe('registry-failed');
    expect(push.opened()).toBeLessThanOrEqual(3);
    expect(tagged()).toBeUndefined();
  });

  it('is refused when it was stored under another digest', async () => {
    const headers = { 'docker-content-digest': `sha256:${'0'.repeat(64)}` };
    world.fault('finish', { fault: 'headers', headers });
    expect(resultOf((await world.push(image)).outcome)).toBe('registry-nonsense');
    expect(tagged()).toBeUndefined();
  });

  it('ends when the push is stopped, at once', async () => {
    const stop = new AbortController();
    let stopped = 0;
    const happens = (): void => {
      stopped = performance.now();
      stop.abort();
    };
    world.fault('patch', { fault: 'meanwhile', happens }, { skip: 1 });
    const { outcome } = await world.push(image, { signal: stop.signal });
    expect(resultOf(outcome)).toBe('interrupted');
    expect(performance.now() - stopped).toBeLessThan(1000);
    expect(world.count('cancel')).toBe(0);
    expect(tagged()).toBeUndefined();
  });

  it('ends when the artifact turns out bad', async () => {
    const { outcome } = await world.push(image, {
      through: async function* (bytes) {
        let seen = 0;
        for await (const chunk of bytes) {
          const copy = Buffer.from(chunk);
          if (seen < 300_000 && seen + copy.length > 300_000) copy[300_000 - seen]! ^= 1;
          seen += copy.length;
          yield copy;
        }
      },
    });
    expect(resultOf(outcome)).toMatch(/^archive-/);
    expect(world.count('cancel')).toBe(0);
    expect(tagged()).toBeUndefined();
  });

  it('stops when the artifact hangs and the push is withdrawn', async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 100);
    const { outcome, ms } = await world.push(image, {
      signal: stop.signal,
      through: async function* (bytes) {
        for await (const chunk of bytes) {
          yield chunk;
          await new Promise(() => undefined);
        }
      },
    });
    expect(resultOf(outcome)).toBe('interrupted');
    expect(ms).toBeLessThan(1000);
    expect(world.count('cancel')).toBe(0);
  });
});

describe('access', () => {
  it('is renewed when a token ends in the middle', async () => {
    world.fault(
      'patch',
      { fault: 'meanwhile', happens: () => world.tokens.revokeAll() },
      { skip: 1 },
    );
    const { outcome } = await world.push(image);
    expect(resultOf(outcome)).toBe('published');
    expect(world.tokens.requests).toHaveLength(2);
  });

  it('is renewed once for a request, then the registry’s no is final', async () => {
    const no = answers(401, { 'www-authenticate': `Bearer realm="${world.tokens.url}"` });
    world.fault('put-manifest', no, forever);
    const { outcome } = await world.push(image);
    expect(resultOf(outcome)).toBe('registry-denied');
    expect(world.count('put-manifest')).toBe(2);
  });

  it('is refused before the artifact is opened to an account that may only pull', async () => {
    await world.close();
    world = await faultyWorld({ mayPush: () => false });
    const { outcome, push, ms } = await world.push(image);
    expect(resultOf(outcome)).toBe('registry-denied');
    expect(push.opened()).toBe(0);
    expect(ms).toBeLessThan(1000);
  });

  it.each(['http://10.0.0.1/token', 'https://auth.example.com/token', 'https://user:x@127.0.0.1/'])(
    'asks no token of a foreign realm: %s',
    async (realm) => {
      world.fault('ping', answers(401, { 'www-authenticate': `Bearer realm="${realm}"` }), forever);
      const { outcome } = await world.push(image);
      expect(resultOf(outcome)).toBe('registry-token-service');
    },
  );

  it.each(['{}', 'not json', '{"token":"a\\nb"}', '{"token":7}'])(
    'is not had with a token answer of %s',
    async (body) => {
      world.fault('token', { fault: 'answer', status: 200, body }, forever);
      expect(resultOf((await world.push(image)).outcome)).toBe('registry-nonsense');
    },
  );

  it('asks for no more than pull and push on the one repository', async () => {
    await world.push(image);
    const scopes = world.tokens.requests.map(({ query }) =>
      new URLSearchParams(query).getAll('scope'),
    );
    expect(scopes).toEqual([[`repository:${target.name}:pull,push`]]);
  });
});

describe('a Location', () => {
  it('on another host is followed without the token', async () => {
    const other = await startRegistry();
    const { id } = other.store.startUpload(target.name);
    const location = `${other.url}/v2/${target.name}/blobs/uploads/${id}`;
    world.fault('start', { fault: 'headers', headers: { location } });
    await world.push(image);
    expect(other.requests.length).toBeGreaterThan(0);
    expect(other.requests.map(({ authorization }) => authorization)).toEqual(
      other.requests.map(() => undefined),
    );
    await other.close();
  });

  it.each([
    'http://10.1.2.3/v2/upload',
    'http://169.254.169.254/latest/meta-data/',
    'https://192.168.0.1/upload',
    'https://[fd00::1]/upload',
    'http://registry.example.com/upload',
    'file:///etc/passwd',
    'https://user:password@registry.example.com/',
  ])('to %s is refused', async (location) => {
    world.fault('start', { fault: 'headers', headers: { location } });
    expect(resultOf((await world.push(image)).outcome)).toBe('registry-foreign-host');
    expect(tagged()).toBeUndefined();
  });

  it('that is missing is refused', async () => {
    world.fault('start', { fault: 'headers', headers: { location: '' } });
    expect(resultOf((await world.push(image)).outcome)).toBe('registry-nonsense');
  });
});

describe('the tag', () => {
  /** Somebody else pushes another image under our tag. */
  async function somebodyElse(): Promise<string> {
    const other = smallImage();
    const given = { auth: 'bearer', user: account().username, password: canary } as const;
    const authorization = await authorizationFor(target.name, {
      ...given,
      realm: world.tokens.url,
    });
    await pushPlainly({ url: world.registry.url, ...target, authorization }, other);
    return other.digest;
  }

  it('is put once although the reply was lost', async () => {
    world.fault('put-tag', { fault: 'lose-reply' });
    const { outcome } = await world.push(image);
    expect(outcome).toMatchObject({ digest: tagged() });
    expect(world.count('put-tag')).toBe(1);
  });

  it('is left alone when another image appears under it during the push', async () => {
    let theirs = '';
    const { outcome } = await world.push(image, {
      through: async function* (bytes) {
        theirs ||= await somebodyElse();
        yield* bytes;
      },
    });
    expect(resultOf(outcome)).toBe('changed-tag');
    expect(tagged()).toBe(theirs);
  });

  it('is left alone when another image appears while a put is tried again', async () => {
    let theirs = '';
    const happens = (): void => void (theirs = theirImage(smallImage()));
    world.fault('put-tag', { fault: 'answer', status: 503, happens });
    const { outcome } = await world.push(image);
    expect(resultOf(outcome)).toBe('changed-tag');
    expect(tagged()).toBe(theirs);
    expect(world.count('put-tag')).toBe(1);
  });

  it.each([400, 403, 405, 409])(
    'that is immutable and was taken is told as taken (%i)',
    async (status) => {
      let theirs = '';
      const happens = (): void => void (theirs = theirImage(smallImage()));
      world.fault('put-tag', { fault: 'answer', status, happens }, forever);
      const { outcome } = await world.push(image);
      expect(resultOf(outcome)).toBe('changed-tag');
      expect(tagged()).toBe(theirs);
    },
  );

  it('that was published meanwhile with this very image is success, and is not overwritten', async () => {
    const same = await sameImage(image);
    let theirs = '';
    world.fault('put-manifest', {
      fault: 'meanwhile',
      happens: () => void (theirs = theirImage(same)),
    });
    const { outcome } = await world.push(image);
    expect(outcome).toMatchObject({ digest: theirs });
    expect(tagged()).toBe(theirs);
    expect(world.count('put-tag')).toBe(0);
  });

  /** Puts an image under our tag, past all requests. Gives its digest. */
  function theirImage(other: SmallImage): string {
    const { blobs, manifests, tags } = world.registry.store.repository(target.name);
    for (const blob of [other.config, ...other.layers.map((layer) => layer.blob)]) {
      blobs.set(digestOf(blob), blob);
    }
    manifests.set(other.digest, { mediaType, bytes: other.manifest });
    tags.set(target.tag, other.digest);
    return other.digest;
  }
});

/** The same image as somebody else would have compressed it. */
async function sameImage({ config, layers }: LocalImage): Promise<SmallImage> {
  const raw = await Promise.all(layers.map((layer) => Array.fromAsync(layer.open())));
  return smallImage(
    raw.map((parts) => Buffer.concat(parts)),
    Buffer.from(config),
  );
}

describe('what the registry gives back', () => {
  const wrong = `sha256:${'0'.repeat(64)}`;

  it.each([
    ['another manifest under the tag', 'look', { skip: 2 }],
    ['another manifest under the digest', 'manifest', {}],
  ] as const)('is caught: %s', async (_, step, when) => {
    world.fault(step, { fault: 'body', body: smallImage().manifest }, { ...when, times: Infinity });
    world.fault(step, { fault: 'headers', headers: {} });
    expect(resultOf((await world.push(image)).outcome)).toBe('read-back-digest');
  });

  it.each([
    ['look', { skip: 2 }],
    ['manifest', {}],
    ['put-tag', {}],
    ['put-manifest', {}],
  ] as const)('is caught: a wrong Docker-Content-Digest of %s', async (step, when) => {
    world.fault(step, { fault: 'headers', headers: { 'docker-content-digest': wrong } }, when);
    expect(resultOf((await world.push(image)).outcome)).toBe('read-back-digest');
  });

  it.each(['look', 'manifest', 'put-tag', 'put-manifest', 'finish'] as const)(
    'is proven by its bytes where %s has no Docker-Content-Digest',
    async (step) => {
      const headers = { 'docker-content-digest': '' };
      world.fault(step, { fault: 'headers', headers }, forever);
      expect(resultOf((await world.push(image)).outcome)).toBe('published');
    },
  );

  it('may come late: an old 404 under a new tag', async () => {
    world.fault('look', answers(404), { skip: 2, times: 2 });
    expect(resultOf((await world.push(image)).outcome)).toBe('published');
  });

  it('may not come at all', async () => {
    world.fault('look', answers(404), { skip: 2, times: Infinity });
    const { outcome } = await world.push(image);
    expect(resultOf(outcome)).toBe('registry-nonsense');
    expect(toldOf(outcome)).toContain(`it is not there; the tag is set, to ${tagged()}`);
  });

  it.each([
    ['too large', Buffer.from(`{"schemaVersion":2${' '.repeat(5 * 1024 * 1024)}}`)],
    ['no JSON', Buffer.from('<html>')],
  ])('is refused: a manifest that is %s', async (_, body) => {
    world.fault('look', { fault: 'answer', status: 200, body: body.toString() }, forever);
    expect(resultOf((await world.push(image)).outcome)).toBe('registry-nonsense');
  });

  it('is given up where it comes a byte at a time', async () => {
    await world.push(image);
    world.fault('look', { fault: 'drip', every: 50 }, forever);
    const { outcome, ms } = await world.push(image);
    expect(resultOf(outcome)).toBe('registry-unreachable');
    expect(ms).toBeLessThan(timing.answer * timing.attempts + 1000);
  });
});

describe('a registry that is not there', () => {
  it('is told in bounded time', async () => {
    await world.registry.close();
    const { outcome, ms } = await world.push(image);
    expect(resultOf(outcome)).toBe('registry-unreachable');
    expect(ms).toBeLessThan(1000);
    world.registry.close = async () => undefined;
  });

  it('ends a push that would take too long in all', async () => {
    await world.close();
    world = await faultyWorld({ timing: { total: 300 } });
    world.fault('patch', { fault: 'slow', ms: 200 }, forever);
    const { outcome, ms } = await world.push(image);
    expect(resultOf(outcome)).toBe('registry-unreachable');
    expect(ms).toBeLessThan(1500);
    expect(world.count('cancel')).toBe(0);
  });

  it('does not keep a look waiting for ever', async () => {
    world.fault('look', { fault: 'stall' }, forever);
    const looking = createRegistry({ url: world.registry.url, timing, clock: world.clock }).look(
      target,
    );
    expect(await reasonOf(looking)).toBe('registry-unreachable');
  });
});
