import { afterEach, beforeEach, expect, it } from 'vitest';
import { createRegistryEngine } from '../../src/registry/push.ts';
import { createRegistry } from '../../src/registry/registry.ts';
import { startCuttingProxy, type CuttingProxy } from '../helpers/registry/cutting-proxy.ts';
import { contentsOf, limits, pushOf, randomImage } from '../helpers/registry/push.ts';
import { startDockerRegistry, type DockerRegistry } from '../../local/rig/docker-registry.ts';

let registry: DockerRegistry;
let wire: CuttingProxy;
beforeEach(async () => {
  registry = await startDockerRegistry();
  wire = await startCuttingProxy(registry.url);
});
afterEach(async () => {
  await wire.close();
  await registry.close();
});

it.each([100_000, 1_500_000, 2_500_000, 7_900_000])(
  'publishes the image although the wire to docker-registry breaks after %i bytes',
  async (bytes) => {
    const image = await randomImage(8_000_000, 100_000);
    const chunks = { least: 500_000, most: 1_000_000 };
    const timing = { backoff: 20, idle: 2000 };
    const engine = createRegistryEngine({ url: wire.url, limits, chunks, timing });
    const push = pushOf(image);
    wire.cutAfter(bytes);
    const pushed = await engine(push);
    expect(wire.cuts()).toBe(1);
    const contents = await createRegistry(registry).inspect(push.target.name, pushed.digest);
    expect(contents).toEqual(contentsOf(image));
  },
);
