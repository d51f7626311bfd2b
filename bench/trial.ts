import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DockerRegistry } from '../test/real/docker-registry.ts';
import type { Dockerd } from '../test/real/dockerd.ts';
import { account, type Contender, type Task } from './contender.ts';
import type { Archive } from './data.ts';
import { emptyEngine, engineBytes } from './engine.ts';
import { measure, type Measured } from './measure.ts';
import type { OurOutput } from './ours.ts';
import { startRegistry, storedBytes } from './registry.ts';
import { startLink, type Service } from './service.ts';

/** What stands ready for every trial. */
export interface Stage {
  readonly artifacts: Service;
  readonly dockerd: Dockerd | undefined;
}

/** What a trial is about. */
export interface Trial {
  readonly archive: Archive;
  readonly contender: Contender;
  /** Megabytes a second each way; without it nothing is between the processes. */
  readonly link?: number | undefined;
  /** What the same contender has pushed before, and lost all memory of. */
  readonly before?: Archive | undefined;
  readonly tag?: string | undefined;
  readonly password?: string | undefined;
}

export interface Outcome extends Measured {
  /** Bytes that are in the registry and were not before. */
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
    if (trial.before) {
      await runIn(stage, registry, {
        ...trial,
        archive: trial.before,
        link: undefined,
        tag: 'old',
      });
    }
    return await runIn(stage, registry, trial);
  } finally {
    await registry.close();
  }
}

async function runIn(stage: Stage, registry: DockerRegistry, trial: Trial): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-run-'));
  const links = await linksOf(trial.link, [stage.artifacts.host, registry.host]);
  try {
    const [artifacts = '', host = ''] = links.hosts;
    return await runOn(stage, registry, {
      trial,
      task: taskOf(trial, { artifacts, host, folder, stage }),
    });
  } finally {
    await links.close();
    await rm(folder, { recursive: true, force: true });
    if (trial.contender.usesDocker && stage.dockerd) await emptyEngine(stage.dockerd);
  }
}

async function runOn(
  { artifacts, dockerd }: Stage,
  registry: DockerRegistry,
  { trial, task }: { readonly trial: Trial; readonly task: Task },
): Promise<Outcome> {
  const { contender } = trial;
  await contender.prepare?.(task);
  const engine = contender.usesDocker ? dockerd : undefined;
  const daemons = engine ? [engine.pid] : [];
  const [stored, downloads, kept] = await Promise.all([
    storedBytes(registry),
    downloadsFrom(artifacts),
    engine ? engineBytes(engine) : 0,
  ]);
  const watched = { services: [registry.pid, ...daemons], daemons };
  const measured = await measure(contender.command(task), watched);
  const disk = engine ? (await engineBytes(engine)) - kept : 0;
  return {
    ...measured,
    disk: measured.disk + disk,
    sent: (await storedBytes(registry)) - stored,
    downloads: (await downloadsFrom(artifacts)) - downloads,
    ours: measured.output.startsWith('{') ? (JSON.parse(measured.output) as OurOutput) : undefined,
  };
}

function taskOf(
  { archive, tag = 'bench', password = account.password }: Trial,
  place: {
    readonly artifacts: string;
    readonly host: string;
    readonly folder: string;
    readonly stage: Stage;
  },
): Task {
  const { artifacts, host, folder, stage } = place;
  const rootUrl = `http://${artifacts}`;
  return {
    archive,
    rootUrl,
    artifactUrl: `${rootUrl}/api/queue/v1/task/bench/artifacts/${archive.name}.tar.zst`,
    registry: host,
    target: { name: 'releng/bench', tag },
    password,
    dockerHost: stage.dockerd?.host,
    folder,
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
