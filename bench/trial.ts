import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DockerRegistry } from '../local/rig/docker-registry.ts';
import type { Dockerd } from '../local/rig/dockerd.ts';
import { createRegistry } from '../src/registry/registry.ts';
import type { KnownLayer } from '../src/ports.ts';
import { Secret } from '../src/domain/secret.ts';
import { account, type Contender, type Task } from './contender.ts';
import type { Archive } from './data.ts';
import { emptyEngine, engineBytes } from './engine.ts';
import { measure, type Measured } from './measure.ts';
import type { OurOutput } from './ours.ts';
import { bytesReadBy } from './processes.ts';
import { startRegistry } from './registry.ts';
import { startLink, type Service } from './service.ts';

const repository = 'releng/bench';
const newTag = 'new';

/** What stands ready for every trial. */
export interface Stage {
  readonly artifacts: Service;
  readonly dockerd: Dockerd | undefined;
  /** Ends whatever is under way. */
  readonly signal: AbortSignal;
}

/** What a trial is about. */
export interface Trial {
  readonly archive: Archive;
  readonly contender: Contender;
  /** Megabytes a second each way; without it nothing is between the processes. */
  readonly link?: number | undefined;
  /** What the same contender has pushed before, in another process, and under which tag. */
  readonly before?:
    | { readonly archive: Archive; readonly tag: string; readonly ledger?: true | undefined }
    | undefined;
  /** What is known of layers when it begins. */
  readonly ledger?: readonly KnownLayer[] | undefined;
  readonly tag?: string | undefined;
  readonly password?: string | undefined;
  /** Why it is to be refused; without it the image has to be on the registry in the end. */
  readonly refusal?: string | undefined;
}

export interface Outcome extends Measured {
  /** Of the work alone: for ours without the start of the process, as the bot runs all day; for others all of it. */
  readonly seconds: number;
  /** Bytes that the registry was sent. */
  readonly sent: number;
  /** Files that the artifact server was asked for. */
  readonly downloads: number;
  /** What our own process says. */
  readonly ours: OurOutput | undefined;
}

/** Runs one contender once, against a registry of its own. */
export async function runTrial(stage: Stage, trial: Trial): Promise<Outcome> {
  const registry = await startRegistry();
  try {
    const { before, contender } = trial;
    const first = before && (await runIn(stage, registry, { ...before, contender, ledger: [] }));
    const ledger = before?.ledger ? first?.ours?.learned : [];
    const outcome = await runIn(stage, registry, { ...trial, ledger });
    await proveOutcome(registry, trial, outcome);
    return outcome;
  } finally {
    await registry.close();
  }
}

/** A contender that did something else is no contender, however fast. */
async function proveOutcome(
  { url }: DockerRegistry,
  { contender, archive, tag = newTag, refusal }: Trial,
  { ours }: Outcome,
): Promise<void> {
  const reason = ours && 'reason' in ours.answer ? ours.answer.reason : undefined;
  if (reason !== refusal)
    throw new Error(`${contender.name} was refused: ${reason ?? 'not at all'}`);
  if (refusal) return;
  const credentials = { username: account.username, password: new Secret(account.password) };
  const found = await createRegistry({ url }).look({ name: repository, tag }, credentials);
  if (found.state === 'holds' && found.imageId === archive.contents.imageId) return;
  throw new Error(`${contender.name} did not publish the image: ${JSON.stringify(found)}`);
}

async function runIn(stage: Stage, registry: DockerRegistry, trial: Trial): Promise<Outcome> {
  const { contender, link } = trial;
  const folder = await mkdtemp(join(tmpdir(), 'bench-run-'));
  const links = await linksOf(link, [stage.artifacts.host, registry.host]);
  try {
    const [artifacts = '', host = ''] = links.hosts;
    const place = { artifacts, registry: host, folder, dockerHost: stage.dockerd?.host };
    const task = taskOf(trial, place);
    await contender.prepare?.(task);
    return await runOn(stage, registry, { contender, task });
  } finally {
    await links.close();
    await rm(folder, { recursive: true, force: true });
    if (contender.usesDocker && stage.dockerd) await emptyEngine(stage.dockerd);
  }
}

async function runOn(
  { artifacts, dockerd, signal }: Stage,
  registry: DockerRegistry,
  { contender, task }: { readonly contender: Contender; readonly task: Task },
): Promise<Outcome> {
  const engine = contender.usesDocker ? dockerd : undefined;
  const daemons = engine ? [engine.pid] : [];
  const kept = engine ? await engineBytes(engine) : 0;
  const downloads = await downloadsFrom(artifacts);
  const read = await bytesReadBy(registry.pid);
  const watched = { services: [registry.pid, ...daemons], daemons, signal };
  const measured = await measure(contender.command(task), watched);
  const sent = (await bytesReadBy(registry.pid)) - read;
  const disk = engine ? Math.max(0, (await engineBytes(engine)) - kept) : 0;
  const isOurs = measured.output.startsWith('{');
  const ours = isOurs ? (JSON.parse(measured.output) as OurOutput) : undefined;
  return {
    ...measured,
    seconds: ours?.seconds ?? measured.wall,
    disk: measured.disk + disk,
    sent,
    downloads: (await downloadsFrom(artifacts)) - downloads,
    ours,
  };
}

type Place = Pick<Task, 'registry' | 'folder' | 'dockerHost'> & { readonly artifacts: string };

function taskOf(
  { archive, tag = newTag, password = account.password, ledger = [] }: Trial,
  { artifacts, ...place }: Place,
): Task {
  const rootUrl = `http://${artifacts}`;
  return {
    ...place,
    archive,
    rootUrl,
    artifactUrl: `${rootUrl}/api/queue/v1/task/bench/artifacts/${archive.name}.tar.zst`,
    target: { name: repository, tag },
    password,
    ledger,
  };
}

/** The same hosts, or what leads to them over a link. */
async function linksOf(megabytes: number | undefined, hosts: readonly string[]) {
  if (megabytes === undefined) return { hosts, close: async () => undefined };
  const links = await Promise.all(hosts.map((host) => startLink(host, megabytes)));
  return {
    hosts: links.map(({ host }) => host),
    close: async () => void (await Promise.all(links.map((link) => link.close()))),
  };
}

async function downloadsFrom({ url }: Service): Promise<number> {
  return Number(await (await fetch(`${url}/downloads`)).text());
}
