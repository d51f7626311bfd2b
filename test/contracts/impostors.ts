import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imageArtifact, sampleImage } from '../../local/images.ts';
import type { LocalImage } from '../../local/image.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { authorizationFor } from '../helpers/registry/authorization.ts';
import {
  listedTwinOf,
  placeTwin,
  plainTwinOf,
  pulledFrom,
  twinOf,
  twoFacedTwinOf,
  wrongLayers,
  type Twin,
} from '../helpers/registry/twins.ts';
import type { Outside } from '../../local/rig/outside.ts';
import { people } from '../../local/rig/people.ts';
import { reads } from '../helpers/scenarios/reading.ts';
import { scenarios, type World } from '../helpers/scenarios/world.ts';
import { someRevision } from '../../local/rig/outside.ts';

const { alice, bob } = people;
const name = 'mozillareleases/build-decision';
const sibling = 'mozillareleases/image_builder';

interface RegistryBeside {
  readonly url: string;
  close(): Promise<void>;
}

/** What somebody else who may push to the registry can make of an image, told through the running bot. */
export function impostorContract(start: (outside: Outside) => Promise<RegistryBeside>): void {
  const on = scenarios({ steadyTrees: true });
  let registry: RegistryBeside;
  beforeAll(async () => {
    registry = await start(on.outside);
  });
  afterAll(() => registry.close());

  const withRegistry = (policy: Policy): Policy => ({
    ...policy,
    registry: { ...policy.registry, url: registry.url },
  });
  const begin = () => on.start({ policy: withRegistry });

  async function build() {
    const revision = someRevision();
    const image = await sampleImage('build-decision', revision, { size: 4000, base: revision });
    const archive = Buffer.concat(
      await Array.fromAsync(imageArtifact(image) as AsyncIterable<Uint8Array>),
    );
    await on.outside.build('build-decision', { revision, archive });
    return { image, revision };
  }

  async function place(repository: string, tag: string) {
    const { username: user, password } = on.outside.credentials;
    const realm = on.outside.tokens.url;
    const given = { auth: 'bearer', user, password: password.reveal(), realm } as const;
    const authorization = await authorizationFor(repository, given);
    return { url: registry.url, name: repository, tag, authorization };
  }

  async function expectImpostor(world: World, twin: Twin): Promise<void> {
    expect(await world.reasons()).toEqual(['tag-taken']);
    const found = (await world.events()).filter(({ kind }) => kind === 'impostor-found');
    expect(found.map(({ data }) => data)).toEqual([
      expect.objectContaining({ digest: twin.digest, registry: registry.url }),
    ]);
    const tops = world.slack.messages().filter(({ ts, thread_ts }) => (thread_ts ?? ts) === ts);
    const warning = tops.map(reads).filter((text) => text.startsWith(':rotating_light:'));
    expect(warning).toEqual([expect.stringContaining(twin.digest)]);
    expect(world.thread().at(-1)).toMatch(
      /whoever pulls it runs something else.*Do not pull or pin/,
    );
    expect([world.cardText(), ...world.thread()].join('\n')).not.toMatch(/Published/);
    expect(world.files()).toEqual({});
  }

  const twins: Readonly<Record<string, (image: LocalImage) => Promise<Twin>>> = {
    ...Object.fromEntries(
      Object.entries(wrongLayers).map(([how, wrong]) => [
        how,
        (image: LocalImage) => twinOf(image, { wrong }),
      ]),
    ),
    'layers named twice, once in capitals': twoFacedTwinOf,
  };

  describe.each(Object.entries(twins))('a trusted config over %s', (_, make) => {
    it('under the target tag before anybody asks is told as the danger that it is', async () => {
      const world = await begin();
      const { image, revision } = await build();
      const twin = await make(image);
      await placeTwin(await place(name, revision), twin);
      await world.ask(alice, `build-decision ${revision}`);
      await world.until('refused');
      await expectImpostor(world, twin);
    });

    it('put under the target tag between card and click publishes nothing', async () => {
      const world = await begin();
      const { image, revision } = await build();
      const twin = await make(image);
      await world.propose(alice, `build-decision ${revision}`);
      await placeTwin(await place(name, revision), twin);
      await world.click(bob, 'approve');
      await world.until('refused');
      await expectImpostor(world, twin);
    });

    it('in a sibling repository gets no byte into the image', async () => {
      const world = await begin();
      const { image, revision } = await build();
      await placeTwin(await place(sibling, 'zzz'), await make(image));
      await world.propose(alice, `build-decision ${revision}`);
      await world.click(bob, 'approve');
      await world.until('reported');
      const pulled = await pulledFrom(await place(name, revision));
      expect(pulled).toEqual(image.layers.map(({ diffId }) => diffId));
    });
  });

  it('a list of manifests under the target tag is another image', async () => {
    const world = await begin();
    const { image, revision } = await build();
    await placeTwin(await place(name, revision), await listedTwinOf(image));
    await world.ask(alice, `build-decision ${revision}`);
    await world.until('refused');
    expect(await world.reasons()).toEqual(['tag-taken']);
    expect(world.files()).toEqual({});
  });

  it.each([
    ['packed by somebody else', twinOf],
    ['with a plain tar', plainTwinOf],
  ] as const)(
    'this very image %s under the tag is proven, and still takes a second person',
    async (_, make) => {
      const world = await begin();
      const { image, revision } = await build();
      const twin = await make(image);
      await placeTwin(await place(name, revision), twin);
      await world.propose(alice, `build-decision ${revision}`);
      expect(world.cardText()).toContain('*not published by me*');
      expect(world.thread().join('\n')).toContain('*I did not publish that*');
      expect(world.files()).toEqual({});
      await world.click(alice, 'approve');
      expect((await world.rest())?.state).toBe('pending');
      await world.click(bob, 'approve');
      const done = await world.until('reported');
      expect(done).toMatchObject({ pushed: { digest: twin.digest, sent: 0 } });
      expect(world.thread().join('\n')).toContain('The tag held it already, so nothing was sent');
      expect(Object.values(world.files())).toEqual([expect.stringContaining(twin.digest)]);

      // From now on it is ours: two people said so, and the log knows.
      await world.ask(alice, `build-decision ${revision}`);
      expect(await world.until('unneeded')).toMatchObject({ digest: twin.digest });
    },
  );

  it('what was proven and then exchanged for another is not what was approved', async () => {
    const world = await begin();
    const { image, revision } = await build();
    await placeTwin(await place(name, revision), await twinOf(image));
    await world.propose(alice, `build-decision ${revision}`);
    await placeTwin(await place(name, revision), await plainTwinOf(image));
    await world.click(bob, 'approve');
    await world.until('refused');
    expect(await world.reasons()).toEqual(['changed-tag']);
    expect(world.files()).toEqual({});
  });
}
