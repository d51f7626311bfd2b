import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Policy } from '../src/domain/policy.ts';
import { formatReference } from '../src/domain/reference.ts';
import { Secret, type Credentials } from '../src/domain/secret.ts';
import { pathWithSops, startBot, type LocalBot } from './bot.ts';
import { publishBuild, type BuildToPublish, type PublishedBuild, type Twists } from './builds.ts';
import { startHg, type HgFiles } from './hg.ts';
import { imageArtifact, sampleImage } from './images.ts';
import { localPolicy } from './policy.ts';
import { publish } from './publish.ts';
import { startRegistry, type LocalRegistry } from './registry.ts';
import { home, seedOf } from './seed.ts';
import type { Seed } from './slack/seed.ts';
import { startSlack } from './slack/server.ts';
import type { Slack } from './slack/slack.ts';
import { encryptSops, makeAgeKey } from './sops.ts';
import { sourceTrees } from './sources.ts';
import { startTaskcluster, type LocalTaskcluster } from './taskcluster.ts';
import { startTokenService, type TokenService } from './token-service.ts';
import { makeTree } from './trees.ts';

/** Everything on one machine: the stand-ins, the builds, the trees, and the environment that the real bot runs with. */
export interface Workspace {
  readonly folder: string;
  readonly slack: Slack;
  readonly taskcluster: LocalTaskcluster;
  readonly registry: LocalRegistry;
  readonly tokens: TokenService;
  readonly policy: Policy;
  readonly builds: Builds;
  /** The account that may push. */
  readonly credentials: Credentials;
  /** The bot’s whole environment. */
  readonly env: Readonly<Record<string, string>>;
  startBot(): Promise<LocalBot>;
  close(): Promise<void>;
}

/** Trusted builds of all four images, and some that must be refused. */
export interface Builds {
  readonly buildDecision: PublishedBuild;
  readonly decision: PublishedBuild;
  readonly geckoDecision: PublishedBuild;
  readonly imageBuilder: PublishedBuild;
  readonly level1: PublishedBuild;
  readonly failed: PublishedBuild;
  readonly unsigned: PublishedBuild;
}

export interface WorkspaceOptions {
  /** Of the page and Slack’s API; a free one by default. */
  readonly port?: number;
  /** A registry that runs already, instead of the stand-in, with the account that may push. */
  readonly registry?: { readonly url: string; readonly credentials: Credentials };
  readonly engine?: 'registry' | 'docker';
  /** A Mercurial server that runs already, instead of the stand-in. */
  readonly hg?: MercurialServer;
  /** The artifact of the newest build of build-decision; a small image’s by default. */
  readonly archive?: BuildToPublish['archive'];
}

export interface MercurialServer {
  url(repository: string): string;
  /** Adds a changeset and gives its 40 hex digits. */
  commit(repository: string, files: HgFiles): string | Promise<string>;
}

/** Starts it all but the bot. Whatever was started is stopped again where something fails. */
export async function startWorkspace(options: WorkspaceOptions = {}): Promise<Workspace> {
  const stack = new AsyncDisposableStack();
  try {
    const workspace = await assemble(stack, options);
    return { ...workspace, close: () => stack.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function assemble(
  stack: AsyncDisposableStack,
  options: WorkspaceOptions,
): Promise<Omit<Workspace, 'close'>> {
  const folder = await mkdtemp(join(tmpdir(), 'promote-image-local-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const credentials = options.registry?.credentials ?? newAccount();
  const accounts = { [credentials.username]: credentials.password.reveal() };
  const tokens = stack.adopt(await startTokenService({ accounts }), (service) => service.close());
  const registry = stack.adopt(await startRegistry({ tokens }), (one) => one.close());
  const taskcluster = stack.adopt(await startTaskcluster(), (one) => one.close());
  const { url } = options.registry ?? registry;
  const hg = options.hg ?? stack.adopt(await startHg(), (one) => one.close());
  const trees = await makeTrees(folder, hg, { url, credentials });
  const { rootUrl, key } = taskcluster;
  const places = {
    rootUrl,
    key,
    registry: url,
    engine: options.engine ?? 'registry',
    trees,
  } as const;
  const { policy, yaml } = localPolicy({ ...places, ...home });
  const builds = await makeBuilds(taskcluster, {
    policy,
    gecko: trees.gecko,
    archive: options.archive,
  });
  const slack = stack.adopt(
    await startSlack(seedOf(exampleLines(builds)), { port: options.port ?? 0 }),
    (one) => one.stop(),
  );
  const env = await writeConfiguration(folder, yaml, { slack, credentials });
  const startOne = async (): Promise<LocalBot> =>
    stack.adopt(await startBot(env, join(folder, 'bot.log')), (bot) => bot.stop());
  const parts = { folder, slack, taskcluster, registry, tokens, policy, builds, credentials, env };
  return { ...parts, startBot: startOne };
}

function newAccount(): Credentials {
  return {
    username: 'mozillareleases',
    password: new Secret(randomBytes(18).toString('base64url')),
  };
}

/** The policy, the encrypted credentials and their key, and the environment that names them. */
async function writeConfiguration(
  folder: string,
  yaml: string,
  { slack, credentials }: { readonly slack: Slack; readonly credentials: Credentials },
): Promise<Readonly<Record<string, string>>> {
  const key = await makeAgeKey();
  const { username, password } = credentials;
  const encrypted = await encryptSops(
    { mozillareleases: { username, token: password.reveal() } },
    key.recipient,
  );
  await writeFile(join(folder, 'promote-image.yml'), yaml);
  await writeFile(join(folder, 'dockerhub.sops.yml'), encrypted, { mode: 0o600 });
  await writeFile(join(folder, 'age.key'), key.file, { mode: 0o400 });
  return {
    PATH: pathWithSops(process.env['PATH']),
    SLACK_BOT_TOKEN: slack.botToken,
    SLACK_APP_TOKEN: slack.appToken,
    SLACK_API_URL: slack.apiUrl,
    DATABASE_URL: `sqlite:${join(folder, 'promote-image.sqlite')}`,
    PROMOTE_IMAGE_CONFIG: join(folder, 'promote-image.yml'),
    SOPS_AGE_KEY_FILE: join(folder, 'age.key'),
    LOG_LEVEL: 'info',
  };
}

/** Three trees with pins to images that were published before: two of git, and Gecko’s of Mercurial. */
async function makeTrees(
  folder: string,
  hg: MercurialServer,
  to: { readonly url: string; readonly credentials: Credentials },
) {
  const before = async (name: string, tag: string, mercurial?: string): Promise<string> => {
    const options = { size: 200_000, ...(mercurial ? { mercurial } : {}) };
    const image = await sampleImage(name, tag, options);
    const target = { name: `mozillareleases/${name}`, tag };
    return formatReference({
      ...target,
      digest: await publish(() => imageArtifact(image), { ...to, ...target }),
    });
  };
  const files = sourceTrees({
    buildDecision: await before('build-decision', 'ed88efef5c4b4dca87066d03ae0a90e18fbe23cd'),
    decision: await before('taskgraph', 'decision-v24.1.1', '6.8.1'),
    geckoDecision: await before('gecko_decision', '5.1.0', '6.4.3'),
    imageBuilder: await before('image_builder', '6.1.0'),
  });
  // Each push has its own decision task: the images are built by two.
  const version = 'taskcluster/docker/decision/VERSION';
  const first = await hg.commit('gecko', { ...files.gecko, [version]: '5.1.0\n' });
  const bumped = await hg.commit('gecko', { [version]: files.gecko[version] ?? '' });
  return {
    fxciConfig: await makeTree(join(folder, 'fxci-config'), files.fxciConfig),
    taskgraph: await makeTree(join(folder, 'taskgraph'), files.taskgraph),
    gecko: { url: hg.url('gecko'), first, bumped },
  };
}

async function makeBuilds(
  taskcluster: LocalTaskcluster,
  given: {
    readonly policy: Policy;
    readonly gecko: { readonly first: string; readonly bumped: string };
    readonly archive: BuildToPublish['archive'] | undefined;
  },
): Promise<Builds> {
  const { gecko, policy } = given;
  const make = async (
    name: string,
    revision: string,
    twists: Twists & Partial<Pick<BuildToPublish, 'archive'>> = {},
  ) => {
    const image = policy.images[name];
    if (!image) throw new Error(`The local policy has no image ${name}`);
    const mercurial =
      name.endsWith('_decision') || name === 'decision' ? { mercurial: '6.8.1' } : {};
    const archive = imageArtifact(await sampleImage(name, revision, mercurial));
    return publishBuild(taskcluster, { image, revision, archive, ...twists });
  };
  const revision = (first: string): string => first.padEnd(40, '0123456789abcdef').slice(0, 40);
  const own = given.archive ? { archive: given.archive } : {};
  return {
    level1: await make('build-decision', revision('bad1e'), { level: 1 }),
    failed: await make('build-decision', revision('fa11ed'), {
      runs: (run) => [{ ...run, state: 'failed', reasonResolved: 'failed' }],
    }),
    unsigned: await make('build-decision', revision('bad51e'), { sign: 'unsigned' }),
    buildDecision: await make('build-decision', 'bd900d7a313c796d48da21fdb54ae35db812e3dc', own),
    decision: await make('decision', revision('deca')),
    imageBuilder: await make('image_builder', gecko.first),
    geckoDecision: await make('gecko_decision', gecko.bumped),
  };
}

/** Lines that the page offers with one click, and what they show. */
function exampleLines(builds: Builds): NonNullable<Seed['commands'][number]['examples']> {
  const { buildDecision, decision, level1, failed, unsigned } = builds;
  const line = (text: string, about: string) => ({ line: `/promote-image ${text}`, about });
  return [
    line(`build-decision ${buildDecision.revision}`, 'promote build-decision by commit'),
    line(`decision ${decision.taskId} because the workers need it`, 'promote decision by task'),
    line('gecko_decision latest bug 1861626', 'promote gecko_decision: Mercurial changes'),
    line('image_builder latest', 'promote image_builder'),
    line('check', 'check what has drifted'),
    line('status', 'what is under way'),
    line(`build-decision ${level1.taskId}`, 'refused: built at level 1'),
    line(`build-decision ${failed.taskId}`, 'refused: the task failed'),
    line(`build-decision ${unsigned.taskId}`, 'refused: nothing is signed'),
    line('build-desicion latest', 'refused: a slip of the pen'),
    line('help', 'help'),
  ];
}
