import { execa } from 'execa';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publishBuild, type PublishedBuild, type Twists } from '../builds.ts';
import { pathWithSops } from '../bot.ts';
import { startHg, type HgServer } from '../hg.ts';
import { imageArtifact, sampleImage } from '../images.ts';
import { localPolicy } from '../policy.ts';
import { publish } from '../publish.ts';
import { startRegistry, type LocalRegistry } from '../registry.ts';
import { makeAgeKey } from '../sops.ts';
import { startTaskcluster, type LocalTaskcluster } from '../taskcluster.ts';
import { startTokenService, type TokenService } from '../token-service.ts';
import { sourceTrees } from '../sources.ts';
import { makeTree, type LocalTree } from '../trees.ts';
import type { Image } from '../../src/domain/image.ts';
import type { Policy } from '../../src/domain/policy.ts';
import type { Tree } from '../../src/domain/tree.ts';
import type { Digest } from '../../src/domain/reference.ts';
import { Secret, type Credentials } from '../../src/domain/secret.ts';
import { approvers } from './people.ts';

/** Everything outside but Slack, shared by the scenarios of a file: each publishes builds of its own. */
export interface Outside {
  readonly folder: string;
  readonly taskcluster: LocalTaskcluster;
  readonly registry: LocalRegistry;
  readonly tokens: TokenService;
  readonly policy: Policy;
  readonly trees: Trees;
  readonly hg: HgServer;
  readonly credentials: Credentials;
  /** Whom the credentials are encrypted for, and the key file that opens them. */
  readonly age: { readonly recipient: string; readonly file: string };
  /** What sops and git get: nothing of this process’s environment but PATH. */
  readonly env: Readonly<Record<string, string>>;
  /** Trees that were read before, for worlds in which none changes. */
  readonly read: Map<string, Promise<Tree>>;
  /** A build of the image, trusted unless it is twisted. */
  build(name: string, twists?: Twists & BuildOptions): Promise<PublishedBuild>;
  /** Puts an image under a tag, as somebody else would. */
  occupy(name: string, tag: string): Promise<Digest>;
  close(): Promise<void>;
}

export interface BuildOptions {
  readonly revision?: string;
  readonly mercurial?: string;
  /** Bytes of the archive; a small image that is like no other unless given. */
  readonly archive?: Uint8Array;
}

export interface Trees {
  readonly fxciConfig: LocalTree;
  readonly taskgraph: LocalTree;
  readonly gecko: { readonly url: string; readonly revision: string };
}

/** Whatever was started is stopped again where something fails. */
export async function startOutside(): Promise<Outside> {
  const stack = new AsyncDisposableStack();
  try {
    return { ...(await assemble(stack)), close: () => stack.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function assemble(stack: AsyncDisposableStack): Promise<Omit<Outside, 'close'>> {
  const folder = await mkdtemp(join(tmpdir(), 'promote-image-scenarios-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  // Characters that look different in JSON, in a URL and in base64.
  const password = `pw ${randomBytes(12).toString('base64')}"\\&é`;
  const credentials = { username: 'mozillareleases', password: new Secret(password) };
  const accounts = { [credentials.username]: password };
  const tokens = stack.adopt(await startTokenService({ accounts }), (one) => one.close());
  const registry = stack.adopt(await startRegistry({ tokens }), (one) => one.close());
  const taskcluster = stack.adopt(await startTaskcluster(), (one) => one.close());
  const occupy = (name: string, tag: string, mercurial?: string) =>
    occupyTag({ name, tag, mercurial }, { url: registry.url, credentials });
  const hg = stack.adopt(await startHg(), (one) => one.close());
  const trees = await makeTrees(folder, hg, occupy);
  const { policy } = localPolicy({
    team: 'T0LOCAL01',
    channel: 'C0IMAGES1',
    rootUrl: taskcluster.rootUrl,
    key: taskcluster.key,
    registry: registry.url,
    engine: 'registry',
    trees,
  });
  const { file, recipient } = await makeAgeKey();
  const age = { recipient, file: join(folder, 'age.key') };
  await writeFile(age.file, file, { mode: 0o400 });
  return {
    folder,
    taskcluster,
    registry,
    tokens,
    policy: { ...policy, approval: { ...policy.approval, approvers } },
    trees,
    read: new Map(),
    hg,
    credentials,
    age,
    env: { PATH: pathWithSops('/usr/local/bin:/usr/bin:/bin'), SOPS_AGE_KEY_FILE: age.file },
    build: (name, given) => makeBuild(taskcluster, imageOf(policy, name), given),
    occupy,
  };
}

function imageOf(policy: Policy, name: string): Image {
  const image = policy.images[name];
  if (!image) throw new Error(`The policy has no image ${name}`);
  return image;
}

async function makeBuild(
  taskcluster: LocalTaskcluster,
  image: Image,
  { revision = someRevision(), mercurial, archive, ...twists }: Twists & BuildOptions = {},
): Promise<PublishedBuild> {
  const made = archive ?? (await makeArchive(image.name, revision, mercurial));
  return publishBuild(taskcluster, { image, revision, archive: made, ...twists });
}

/** The bytes of `public/image.tar.zst`; the same for the same name and version. */
export async function makeArchive(
  name: string,
  version: string,
  mercurial?: string,
): Promise<Uint8Array> {
  const options = { size: 4000, ...(mercurial ? { mercurial } : {}) };
  const chunks = imageArtifact(await sampleImage(name, version, options));
  return Buffer.concat(await Array.fromAsync(chunks as AsyncIterable<Uint8Array>));
}

export function someRevision(): string {
  return randomBytes(20).toString('hex');
}

async function occupyTag(
  { name, tag, mercurial }: { name: string; tag: string; mercurial?: string | undefined },
  to: { readonly url: string; readonly credentials: Credentials },
): Promise<Digest> {
  const options = { size: 2000, ...(mercurial ? { mercurial } : {}) };
  const image = await sampleImage(name.split('/')[1] ?? name, tag, options);
  return publish(() => imageArtifact(image), { ...to, name, tag });
}

/** Three trees with pins to images that were published before. */
async function makeTrees(
  folder: string,
  hg: HgServer,
  occupy: (name: string, tag: string, mercurial?: string) => Promise<Digest>,
): Promise<Trees> {
  const pin = async (name: string, tag: string, mercurial?: string): Promise<string> =>
    `mozillareleases/${name}:${tag}@${await occupy(`mozillareleases/${name}`, tag, mercurial)}`;
  const files = sourceTrees({
    buildDecision: await pin('build-decision', 'ed88efef5c4b4dca87066d03ae0a90e18fbe23cd'),
    decision: await pin('taskgraph', 'decision-v24.1.1', '6.8.1'),
    geckoDecision: await pin('gecko_decision', '5.1.0', '6.4.3'),
    imageBuilder: await pin('image_builder', '6.1.0'),
  });
  const revision = hg.commit('gecko', files.gecko);
  return {
    fxciConfig: await makeTree(join(folder, 'fxci-config'), files.fxciConfig),
    taskgraph: await makeTree(join(folder, 'taskgraph'), files.taskgraph),
    gecko: { url: hg.url('gecko'), revision },
  };
}

/** One more commit on a tree’s `main`: these files, whole. */
export async function commit(
  { folder }: LocalTree,
  files: Readonly<Record<string, string>>,
): Promise<string> {
  for (const [path, text] of Object.entries(files)) await writeFile(join(folder, path), text);
  const who = ['-c', 'user.name=Somebody', '-c', 'user.email=somebody@example.org'];
  const env = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
  const git = (...args: string[]) => execa('git', [...who, ...args], { cwd: folder, env });
  await git('add', '--all');
  await git('commit', '--quiet', '--message', 'A change');
  return (await git('rev-parse', 'HEAD')).stdout.trim();
}
