import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRegistry } from '../../src/registry/registry.ts';
import { Secret, type Credentials } from '../../src/domain/secret.ts';
import { pushPlainly, smallImage } from '../helpers/registry/image.ts';
import { reasonOf } from '../helpers/registry/reason.ts';

/** A registry to hold to the contract: one that asks nobody, or a password, or for tokens of a token service. */
export interface RegistryUnderTest {
  readonly url: string;
  /** A header that lets plain `fetch` push to that repository. */
  authorization(name: string): Promise<string | undefined>;
  close(): Promise<void>;
}

export type StartRegistry = (
  auth: 'open' | 'basic' | 'bearer',
  account: { readonly user: string; readonly password: string },
) => Promise<RegistryUnderTest>;

const account = { user: 'releng', password: 'right horse' };
const credentials = credentialsOf(account.password);

function credentialsOf(password: string): Credentials {
  return { username: account.user, password: new Secret(password) };
}

/** What every registry does, the stand-in and the real one: seen through `createRegistry`, written to by `fetch`. */
export function registryContract(start: StartRegistry): void {
  describe.each(['open', 'basic', 'bearer'] as const)('a registry with access: %s', (auth) => {
    let registry: RegistryUnderTest;
    const image = smallImage([randomBytes(5000), randomBytes(70_000)]);
    const name = 'mozillareleases/some-image';

    beforeAll(async () => {
      registry = await start(auth, account);
      const authorization = await registry.authorization(name);
      for (const tag of ['1.9.0', '1.10.0', 'latest']) {
        await pushPlainly({ url: registry.url, name, tag, authorization }, image);
      }
    });
    afterAll(() => registry.close());

    it('tells what a tag holds, by the bytes', async () => {
      const found = await createRegistry(registry).look({ name, tag: '1.9.0' }, credentials);
      expect(found).toEqual({ state: 'holds', digest: image.digest, imageId: image.imageId });
    });

    it('tells that a tag is free, in a repository that is there and in one that is not', async () => {
      const here = await createRegistry(registry).look({ name, tag: '2.0.0' }, credentials);
      const nowhere = { name: 'mozillareleases/none', tag: '1' };
      expect(here).toEqual({ state: 'free' });
      expect(await createRegistry(registry).look(nowhere, credentials)).toEqual({ state: 'free' });
    });

    it(`${auth === 'basic' ? 'says nothing' : 'tells the same'} to whoever has no password`, async () => {
      const { state } = await createRegistry(registry).look({ name, tag: '1.9.0' });
      expect(state).toBe(auth === 'basic' ? 'unseen' : 'holds');
    });

    if (auth !== 'open')
      it('refuses a wrong password in less than a second', async () => {
        const started = performance.now();
        const looking = createRegistry(registry).look(
          { name, tag: '1.9.0' },
          credentialsOf('wrong'),
        );
        expect(await reasonOf(looking)).toBe('registry-credentials');
        expect(performance.now() - started).toBeLessThan(1000);
      });

    if (auth !== 'basic')
      it('lists tags, higher versions first', async () => {
        const tags = await createRegistry(registry).tags(name);
        expect(tags).toEqual(['latest', '1.10.0', '1.9.0']);
        expect(await createRegistry(registry).tags('mozillareleases/none')).toEqual([]);
      });

    if (auth !== 'basic')
      it('tells what an image holds', async () => {
        const contents = await createRegistry(registry).inspect(name, image.digest);
        expect(contents).toEqual({
          imageId: image.imageId,
          platform: 'linux/amd64',
          layers: image.layers.map(({ diffId, size }) => ({ diffId, size })),
        });
      });
  });
}
