import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeImage } from '../../local/image.ts';
import { createRegistryEngine } from '../../src/registry/push.ts';
import { createRegistry } from '../../src/registry/registry.ts';
import {
  account,
  canary,
  contentsOf,
  limits,
  memoryLedger,
  pushOf,
  randomImage,
  randomLayer,
} from '../helpers/registry/push.ts';
import { reasonOf } from '../helpers/registry/reason.ts';
import type { RegistryUnderTest, StartRegistry } from './registry.ts';

const user = account().username;
/** Small chunks, so that small images go up in several. */
const chunks = { least: 50_000, most: 200_000 };

/** What the streaming engine does with every registry, the stand-in and the real one. */
export function engineContract(start: StartRegistry): void {
  describe.each(['open', 'basic', 'bearer'] as const)(
    'pushing to a registry with access: %s',
    (auth) => {
      let registry: RegistryUnderTest;
      beforeAll(async () => {
        registry = await start(auth, { user, password: canary });
      });
      afterAll(() => registry.close());

      const engine = () => createRegistryEngine({ url: registry.url, limits, chunks });
      const name = (of: string) => `mozillareleases/${of}`;

      it.each(['image_builder', 'docker-24', 'docker-25'] as const)(
        'publishes exactly the image of an archive laid out like %s',
        async (layout) => {
          const image = await randomImage(900_000, 10, 300_000);
          const target = { name: name(layout), tag: '1.0.0' };
          const pushed = await engine()(pushOf(image, { layout, target }));
          expect(pushed.layers.map(({ diffId }) => diffId)).toEqual(
            image.layers.map(({ diffId }) => diffId),
          );
          expect(pushed.sent).toBe(pushed.layers.reduce((sum, { size }) => sum + size, 0));
          const state = await createRegistry(registry).look(target, account());
          expect(state).toEqual({ state: 'holds', digest: pushed.digest, imageId: image.imageId });
          if (auth === 'basic') return;
          const contents = await createRegistry(registry).inspect(target.name, pushed.digest);
          expect(contents).toEqual(contentsOf(image));
        },
      );

      it('gives the same digest for the same image', async () => {
        const image = await randomImage(400_000, 5000);
        const one = await engine()(pushOf(image, { target: { name: name('same'), tag: 'a' } }));
        const two = await engine()(pushOf(image, { target: { name: name('again'), tag: 'b' } }));
        expect(two.digest).toBe(one.digest);
      });

      it('finds its own image under the tag, and opens no artifact', async () => {
        const image = await randomImage(20_000);
        const target = { name: name('twice'), tag: '1' };
        const first = await engine()(pushOf(image, { target }));
        const push = pushOf(image, { target });
        const second = await engine()(push);
        expect(second).toMatchObject({ digest: first.digest, size: first.size, sent: 0 });
        expect(second.layers.map(({ how }) => how)).toEqual(['present']);
        expect(push.opened()).toBe(0);
      });

      it('refuses a tag that holds another image, before the artifact is opened', async () => {
        const target = { name: name('taken'), tag: '1' };
        await engine()(pushOf(await randomImage(1000), { target }));
        const push = pushOf(await randomImage(1000), { target });
        const started = performance.now();
        expect(await reasonOf(engine()(push))).toBe('tag-taken');
        expect(performance.now() - started).toBeLessThan(1000);
        expect(push.opened()).toBe(0);
      });

      it('sends only the layer that is new, known from the tags or from the ledger', async () => {
        const base = await randomLayer(500_000);
        const target = { name: name('grows'), tag: '1' };
        const first = pushOf(makeImage([base, await randomLayer(10)]), { target });
        await engine()(first);
        for (const [tag, ledger] of [
          ['2', memoryLedger()],
          ['3', first.ledger],
        ] as const) {
          const image = makeImage([base, await randomLayer(30_000)]);
          const pushed = await engine()(pushOf(image, { target: { ...target, tag }, ledger }));
          expect(pushed.layers.map(({ how }) => how)).toEqual(['present', 'sent']);
          expect(pushed.sent).toBe(pushed.layers[1]?.size);
        }
      });

      it('mounts a layer that another repository has', async () => {
        const image = await randomImage(200_000);
        const first = pushOf(image, { target: { name: name('here'), tag: '1' } });
        await engine()(first);
        const target = { name: name('there'), tag: '1' };
        const pushed = await engine()(pushOf(image, { target, ledger: first.ledger }));
        expect(pushed.layers.map(({ how }) => how)).toEqual(['mounted']);
        expect(pushed.sent).toBe(0);
      });

      if (auth !== 'open')
        it('refuses a wrong password in less than a second, before the artifact is opened', async () => {
          const push = pushOf(await randomImage(1000), { credentials: account('wrong') });
          const started = performance.now();
          expect(await reasonOf(engine()(push))).toBe('registry-credentials');
          expect(performance.now() - started).toBeLessThan(1000);
          expect(push.opened()).toBe(0);
        });

      it('publishes nothing where the artifact unpacks to another image than was approved', async () => {
        const approved = await randomImage(2000);
        const target = { name: name('swapped'), tag: '1' };
        const push = pushOf(await randomImage(2000), { target, contents: contentsOf(approved) });
        expect(await reasonOf(engine()(push))).toBe('changed-image');
        expect(await createRegistry(registry).look(target, account())).toEqual({ state: 'free' });
      });
    },
  );
}
