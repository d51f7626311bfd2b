import { afterAll, beforeAll, expect, it } from 'vitest';
import { createRegistryEngine } from '../../src/registry/push.ts';
import { limits, pushOf, randomImage } from '../helpers/registry/push.ts';
import { startQuirkProxy } from '../helpers/registry/quirk-proxy.ts';

interface Behind {
  readonly url: string;
  close(): Promise<void>;
}

const mebibyte = 1024 ** 2;

/** Registries, and proxies before them, that take no large requests. */
export function chunkSizeContract(start: () => Promise<Behind>): void {
  let registry: Behind;
  beforeAll(async () => {
    registry = await start();
  });
  afterAll(() => registry.close());

  it.each([
    ['413 to more than 4 MiB', 413, 4 * mebibyte],
    ['416 to more than 4 MiB', 416, 4 * mebibyte],
    ['413 to more than 1 MiB', 413, mebibyte],
  ] as const)('a registry that says %s gets what it takes', async (_, status, most) => {
    const proxy = await startQuirkProxy(registry.url, {
      instead: ({ bytes }) => (bytes > most ? { status } : undefined),
    });
    const timing = { backoff: 1, maxBackoff: 2 };
    const push = pushOf(await randomImage(9 * mebibyte, 100), {
      target: { name: 'mozillareleases/chunks', tag: `${status}-${most}` },
    });
    const pushed = await createRegistryEngine({ url: proxy.url, limits, timing })(push);
    expect(pushed.layers.map(({ how }) => how)).toEqual(['sent', 'sent']);
    expect(proxy.largest()).toBe(most);
    await proxy.close();
  });

  it('one that takes chunks of no size gets each blob in one request', async () => {
    const proxy = await startQuirkProxy(registry.url, {
      instead: ({ method, bytes }) =>
        method === 'PATCH' && Number.isFinite(bytes) ? { status: 413 } : undefined,
    });
    const push = pushOf(await randomImage(6 * mebibyte), {
      target: { name: 'mozillareleases/chunks', tag: 'stream' },
    });
    const pushed = await createRegistryEngine({ url: proxy.url, limits })(push);
    expect(pushed.layers.map(({ how }) => how)).toEqual(['sent']);
    await proxy.close();
  });
}
