import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse, stringify } from 'yaml';
import { publishBuild, type PublishedBuild } from '../../../../local/builds.ts';
import { startHg, type HgServer } from '../../../../local/hg.ts';
import { imageArtifact, sampleImage } from '../../../../local/images.ts';
import type { Slack } from '../../../../local/slack/slack.ts';
import { startTokenService } from '../../../../local/token-service.ts';
import { startWorkspace, type Workspace } from '../../../../local/workspace.ts';
import type { Image } from '../../../../src/domain/image.ts';
import type { Target } from '../../../../src/domain/plan.ts';
import type { Policy } from '../../../../src/domain/policy.ts';
import type { Store } from '../../../../src/store-port.ts';
import { Secret } from '../../../../src/domain/secret.ts';
import { findSops } from '../../../../src/sops/binary.ts';
import { openStore } from '../../../../src/store/store.ts';
import { startDockerRegistry, type DockerRegistry } from '../../../../local/rig/docker-registry.ts';
import { keyFor, keyVariable } from '../../../../local/rig/key.ts';
import type { Wish } from './wish.ts';

/** Everything but the bot: a real docker-registry with tokens, a Slack, a Taskcluster, trees, and a database. */
export class World {
  readonly slack: Slack;
  readonly registry: DockerRegistry;
  readonly policy: Policy;
  /** Everything that was ever asked for here. */
  readonly wishes: Wish[] = [];
  /** The environment of each bot. */
  readonly env: Readonly<Record<string, string>>;
  readonly #workspace: Workspace;
  readonly #hg: HgServer;
  readonly #stack: AsyncDisposableStack;
  #versions = 0;
  #isOverHttp = false;

  private constructor(
    given: { workspace: Workspace; registry: DockerRegistry; hg: HgServer; folder: string },
    stack: AsyncDisposableStack,
    more: Readonly<Record<string, string>>,
  ) {
    const { workspace, registry, hg, folder } = given;
    this.#workspace = workspace;
    this.#hg = hg;
    this.#stack = stack;
    this.slack = workspace.slack;
    this.registry = registry;
    this.policy = workspace.policy;
    this.env = {
      ...workspace.env,
      ...more,
      // Loading what was compiled before costs half as much.
      NODE_COMPILE_CACHE: join(folder, 'compiled'),
    };
  }

  /** On SQLite, unless a database is given. */
  static async start(databaseUrl?: string): Promise<World> {
    const stack = new AsyncDisposableStack();
    try {
      const folder = await mkdtemp(join(tmpdir(), 'promote-image-crash-'));
      stack.defer(() => rm(folder, { recursive: true, force: true }));
      const credentials = { username: 'mozillareleases', password: new Secret('crash-password') };
      const accounts = { [credentials.username]: credentials.password.reveal() };
      const tokens = stack.adopt(await startTokenService({ accounts }), (one) => one.close());
      const registry = stack.adopt(await startDockerRegistry({ tokens }), (one) => one.close());
      const hg = stack.adopt(await startHg(), (one) => one.close());
      const { url } = registry;
      const workspace = await startWorkspace({ registry: { url, credentials }, hg });
      stack.defer(() => workspace.close());
      await liftLimits(workspace.env['PROMOTE_IMAGE_CONFIG'] ?? '');
      // Where sops stands behind a version manager, asking that each time would be most of the time.
      const sops = await findSops(workspace.env);
      const more = {
        PATH: `${dirname(sops)}:${workspace.env['PATH']}`,
        ...(databaseUrl === undefined
          ? {}
          : { DATABASE_URL: databaseUrl, ...keyVariable(databaseUrl) }),
      };
      return new World({ workspace, registry, hg, folder }, stack, more);
    } catch (error) {
      await stack.disposeAsync();
      throw error;
    }
  }

  /** From now on Slack speaks to this port over HTTP. Gives the environment of a bot that listens there. */
  overHttp(port: number): Readonly<Record<string, string>> {
    this.#isOverHttp = true;
    this.slack.deliverTo(`http://127.0.0.1:${port}/slack/events`);
    const { SLACK_APP_TOKEN: _, ...env } = this.env;
    return { ...env, PORT: String(port), SLACK_SIGNING_SECRET: this.slack.signingSecret };
  }

  /** Whether it is worth trying to reach the bot. */
  get isReachable(): boolean {
    return this.#isOverHttp || this.slack.connections > 0;
  }

  close(): Promise<void> {
    return this.#stack.disposeAsync();
  }

  image(name: string): Image {
    const image = this.policy.images[name];
    if (!image) throw new Error(`The policy has no image ${name}`);
    return image;
  }

  /** A trusted build that is like no other; `size` of each of its two larger layers, of which one is its base. */
  async build(
    name: string,
    { size = 4000, base = 'base' }: { readonly size?: number; readonly base?: string } = {},
  ): Promise<PublishedBuild> {
    this.#versions += 1;
    const image = this.image(name);
    const version = `7.${this.#versions}.0`;
    const path = image.tag.from === 'version-file' ? image.tag.path : undefined;
    const revision = path
      ? this.#hg.commit('gecko', { [path]: `${version}\n` })
      : version.replaceAll('.', '0').padStart(40, 'c0ffee');
    const archive = imageArtifact(await sampleImage(name, version, { size, base }));
    return publishBuild(this.#workspace.taskcluster, { image, revision, archive });
  }

  /** The database, read beside the bot or without it. */
  openStore(): Promise<Store> {
    return openStore(this.env['DATABASE_URL'] ?? '', {
      now: () => new Date(),
      access: 'read',
      ...keyFor(this.env['DATABASE_URL'] ?? ''),
    });
  }

  /** Where the promotions that have a plan lead. */
  async targets(): Promise<readonly Target[]> {
    const store = await this.openStore();
    const promotions = await store.list({ limit: 1000 });
    await store.close();
    return promotions.flatMap((one) => ('plan' in one && one.plan ? [one.plan.target] : []));
  }

  /** Every digest that was ever put under the tag, as the registry keeps them. */
  async digestsUnder(name: string, tag: string): Promise<readonly string[]> {
    const tags = `data/docker/registry/v2/repositories/${name}/_manifests/tags`;
    const index = join(this.registry.folder, tags, tag, 'index/sha256');
    const found = await readdir(index).catch(() => []);
    return found.map((hex) => `sha256:${hex}`);
  }
}

/** Where bots are killed all the time, more is asked for and under way than one person would be allowed. */
async function liftLimits(file: string): Promise<void> {
  const policy = parse(await readFile(file, 'utf8')) as object;
  const limits = { requestsOfOne: 100_000, requests: 100_000, asksOfOne: 100_000 };
  await writeFile(file, stringify({ ...policy, limits }));
}
