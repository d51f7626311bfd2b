import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startSlack } from '../local/slack/server.ts';
import type { Slack } from '../local/slack/slack.ts';
import type { Message } from '../local/slack/things.ts';
import { imageArtifact, sampleImage } from '../local/images.ts';
import { encryptSops } from '../local/sops.ts';
import { startPostgres } from '../local/rig/postgres.ts';
import type { RunningBot } from '../local/rig/bot.ts';
import { runChild } from '../local/rig/child.ts';
import { startOutside, type Outside } from '../local/rig/outside.ts';
import { people, seed } from '../local/rig/people.ts';
import { answersIn, lost } from './load-lost.ts';
import { act, type Act } from './load-people.ts';
import { lagOf, watchMemory, workOf } from './load-process.ts';
import { printTable } from './load-table.ts';
import { freePort } from '../local/rig/free-port.ts';

/** What is sent, and in which time: LOAD_REQUESTS in LOAD_SECONDS. */
const requests = Number(process.env['LOAD_REQUESTS'] ?? 1_000);
const seconds = Number(process.env['LOAD_SECONDS'] ?? 10);
/** Only the ways in whose name this is: LOAD_ONLY=socket, LOAD_ONLY=PostgreSQL. */
const only = process.env['LOAD_ONLY'] ?? '';

/** Bytes of an image that is being pushed meanwhile: LOAD_PUSH. */
const pushing = Number(process.env['LOAD_PUSH'] ?? 0);

const waiting = 8;
const fresh = 10;

type Transport = 'socket' | 'http';

/** Asks much of the real bot, in a process of its own, over each way in and on each database. */
async function bench(): Promise<void> {
  const outside = await startOutside();
  const postgres = await startPostgres();
  const columns: Record<string, Readonly<Record<string, string>>> = {};
  try {
    for (const transport of ['socket', 'http'] as const) {
      for (const kind of ['SQLite', 'PostgreSQL'] as const) {
        const name = `${transport}, ${kind}`;
        if (!name.includes(only)) continue;
        const more: Record<string, string> =
          kind === 'SQLite' ? {} : { DATABASE_URL: (await postgres.database()).url };
        columns[name] = await underLoad(outside, transport, more);
        process.stderr.write(`${name}: ${JSON.stringify(columns[name])}\n`);
      }
    }
  } finally {
    await postgres.close();
    await outside.close();
  }
  process.stdout.write(
    `\n${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}; Slack, everything outside and the database on the same machine\n`,
  );
  printTable(`${requests} requests in ${seconds} s`, columns);
}

async function underLoad(
  outside: Outside,
  transport: Transport,
  more: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  const folder = await mkdtemp(join(tmpdir(), 'promote-image-load-'));
  const slack = await startSlack(seed());
  const [port, opsPort] = [await freePort(), await freePort()];
  const isHttp = transport === 'http';
  const ports = { PORT: String(port), ...(isHttp ? { OPS_PORT: String(opsPort) } : {}) };
  const bot = await start({ outside, slack, folder, transport }, { ...more, ...ports });
  try {
    return await measure(bot, { outside, slack, port: isHttp ? opsPort : port });
  } finally {
    await bot.stop();
    await slack.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function start(
  given: {
    readonly outside: Outside;
    readonly slack: Slack;
    readonly folder: string;
    readonly transport: Transport;
  },
  more: Readonly<Record<string, string>>,
): Promise<RunningBot> {
  const { outside, folder } = given;
  const { registry } = outside.policy;
  const file = join(folder, 'dockerhub.sops.yml');
  const token = outside.credentials.password.reveal();
  const document = { mozillareleases: { username: outside.credentials.username, token } };
  await writeFile(file, await encryptSops(document, outside.age.recipient), { mode: 0o600 });
  const policy = {
    ...outside.policy,
    limits: { ...outside.policy.limits, asksOfOne: 100_000 },
    registry: { ...registry, credentials: { ...registry.credentials, file } },
  };
  return runChild({ ...given, policy, log: [], env: outside.env }, { LOG_LEVEL: 'info', ...more });
}

async function measure(
  { store, child }: RunningBot,
  {
    outside,
    slack,
    port,
  }: { readonly outside: Outside; readonly slack: Slack; readonly port: number },
): Promise<Readonly<Record<string, string>>> {
  const cards = await propose(outside, slack);
  const commits: string[] = [];
  for (let n = 0; n < fresh; n += 1) commits.push((await outside.build('build-decision')).revision);
  const told = answersIn(slack);
  await lagOf(port);
  const pid = child?.pid ?? 0;
  const memory = watchMemory(pid);
  const worked = workOf(pid);
  const ownBefore = workOf(process.pid);
  const begun = performance.now();
  const acts: Promise<Act>[] = pushing > 0 ? [approveFirst(slack, cards)] : [];
  for (let n = 0; n < requests; n += 1) {
    const ahead = begun + (n * 1000 * seconds) / requests - performance.now();
    if (ahead > 1) await sleep(ahead);
    acts.push(act(n, { slack, cards, commits }));
  }
  const sent = performance.now() - begun;
  const done = await Promise.all(acts);
  const lag = await lagOf(port);
  const work = workOf(pid) - worked;
  const own = workOf(process.pid) - ownBefore;
  const before = performance.now();
  const problems = await lost(done, { slack, store, told });
  const settled = performance.now() - before;
  await sleep(1000);
  const { before: rss, peak, after } = memory.stop();
  return {
    ...acknowledgements(done),
    'sent in': `${(sent / 1000).toFixed(1)} s`,
    'everything answered, done and told after': `${(settled / 1000).toFixed(1)} s`,
    'processor time of the bot / of Slack and the crowd': `${work.toFixed(1)} / ${own.toFixed(1)} s`,
    'event loop busy in one go, p99 / longest': `${lag.p99.toFixed()} / ${lag.max.toFixed()} ms`,
    'memory before / peak / after': `${rss.toFixed()} / ${peak.toFixed()} / ${after.toFixed()} MiB`,
    'lost or doubled': problems.length === 0 ? 'nothing' : problems.join('; '),
  };
}

/** What its push costs everybody else is what is measured. */
async function approveFirst(slack: Slack, cards: readonly Message[]): Promise<Act> {
  const [large] = cards;
  if (!large) throw new Error('there is no card');
  return {
    kind: 'approve',
    error: undefined,
    ...(await slack.as(people.carol).click(large, 'approve')),
  };
}

/** Cards that wait for an approval; the first is the large one’s. */
async function propose(outside: Outside, slack: Slack): Promise<readonly Message[]> {
  for (let n = 0; n < waiting; n += 1) {
    const archive = n === 0 && pushing > 0 ? await largeArchive() : undefined;
    const { revision } = await outside.build('build-decision', archive && { archive });
    await slack.as(people.alice).command('/promote-image', `build-decision ${revision}`);
  }
  return slack.until(() => {
    const ready = slack
      .messages()
      .filter(({ blocks }) => JSON.stringify(blocks).includes('"approve"'));
    return ready.length === waiting && ready;
  }, 300_000);
}

async function largeArchive(): Promise<Uint8Array> {
  const image = await sampleImage('build-decision', 'large', { size: pushing });
  const chunks = imageArtifact(image) as AsyncIterable<Uint8Array>;
  return Buffer.concat(await Array.fromAsync(chunks));
}

function acknowledgements(acts: readonly Act[]): Readonly<Record<string, string>> {
  const times = acts.map(({ ms }) => ms).toSorted((a, b) => a - b);
  const at = (share: number) => `${(times[Math.ceil(times.length * share) - 1] ?? 0).toFixed()} ms`;
  const late = acts.filter(({ error }) => error !== undefined).length;
  return {
    'acknowledged, p50': at(0.5),
    'acknowledged, p99': at(0.99),
    'acknowledged, slowest': at(1),
    'not acknowledged within 3 s': String(late),
  };
}

await bench();
