import { spawn, type ChildProcess } from 'node:child_process';
import { addAbortListener, once } from 'node:events';
import { availableParallelism } from 'node:os';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { folderSize } from './folder-size.ts';
import { cpuOf, endedChildrenCpu, machineCpu, memoryOf, treeOf } from './processes.ts';

/** A program to run. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  /** What it reads from its standard input. */
  readonly input?: string | undefined;
  /** The account it runs as, where that is another. */
  readonly uid?: number | undefined;
  /** When the work is done: at its end, or with the first line it prints. */
  readonly doneAt: 'end' | 'first line';
}

/** What to look at besides the program and its children. */
export interface Watched {
  /** Long-running processes that work for it. */
  readonly services: readonly number[];
  /** Those of them whose memory is part of the price. */
  readonly daemons: readonly number[];
  /** Kills the program and its children. */
  readonly signal: AbortSignal;
}

/** What one run took. Seconds and bytes. */
export interface Measured {
  readonly wall: number;
  /** Of the program, its children, and the services. */
  readonly cpu: number;
  /** The largest sum of the program's and its children's memory, or the most that one of them had. */
  readonly memory: number;
  /** Most bytes in its folder, where its temp folder is, too. */
  readonly disk: number;
  /** The part of the machine's processors that others used meanwhile, 0 to 1. */
  readonly foreign: number;
  readonly output: string;
}

/** Milliseconds between two looks at memory and disk. */
const lookEvery = 200;

/** Runs a program to its end and measures it. Throws where it fails. */
export async function measure(command: Command, watched: Watched): Promise<Measured> {
  watched.signal.throwIfAborted();
  const before = await readClocks(watched);
  const start = performance.now();
  const child = launch(command);
  using _ = addAbortListener(watched.signal, () => void killTree(child.pid ?? 0));
  const ended = once(child, 'close').then(() => performance.now());
  const firstLine = child.stdout ? once(child.stdout, 'data').then(() => performance.now()) : ended;
  const watching = watchUsage(child.pid ?? 0, command.folder, watched.daemons);
  const [output, errors] = await Promise.all([outputOf(child.stdout), outputOf(child.stderr)]);
  const end = await ended;
  const usage = await watching.stop();
  const after = await readClocks(watched);
  if (child.exitCode !== 0) {
    throw new Error(`${command.args.at(-1)} ended with ${child.exitCode}: ${errors}${output}`);
  }
  const done = command.doneAt === 'end' ? end : await firstLine;
  const foreign = after.machine - before.machine - (after.ours - before.ours);
  return {
    ...usage,
    wall: (done - start) / 1000,
    cpu: after.children - before.children + after.services - before.services,
    foreign: Math.max(0, foreign) / (((end - start) / 1000) * availableParallelism()),
    output,
  };
}

function launch({ file, args, env, folder, input, uid }: Command): ChildProcess {
  const child = spawn(file, args, {
    cwd: folder,
    env: { ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  // Whoever does not read to the end says in its exit code why.
  child.stdin?.on('error', () => undefined).end(input);
  return child;
}

/** A shell does not take those along that work for it. */
async function killTree(root: number): Promise<void> {
  for (const pid of await treeOf(root)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
}

async function outputOf(stream: ChildProcess['stdout']): Promise<string> {
  return stream ? text(stream) : '';
}

async function readClocks({ services }: Watched) {
  const [machine, ours, children, ...each] = await Promise.all([
    machineCpu(),
    cpuOf(process.pid),
    endedChildrenCpu(),
    ...services.map(cpuOf),
  ]);
  return { machine, ours, children, services: each.reduce((sum, cpu) => sum + cpu, 0) };
}

function watchUsage(pid: number, folder: string, daemons: readonly number[]) {
  const stop = new AbortController();
  const most = { memory: 0, disk: 0 };
  const look = async (): Promise<void> => {
    const trees = await Promise.all([pid, ...daemons].map(treeOf));
    const [all, disk] = await Promise.all([
      Promise.all(trees.flat().map(memoryOf)),
      folderSize(folder),
    ]);
    const [own] = all;
    // Between fork and exec a child seems to have all that its parent has, and has taken none of it.
    const real = all.filter((one) => one === own || one.command !== own?.command);
    const sum = real.reduce((bytes, { now }) => bytes + now, 0);
    most.memory = Math.max(most.memory, sum, ...real.map((memory) => memory.most));
    most.disk = Math.max(most.disk, disk);
  };
  const watching = (async () => {
    while (!stop.signal.aborted) {
      await look();
      await sleep(lookEvery, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  })();
  return {
    async stop() {
      stop.abort();
      await watching;
      return most;
    },
  };
}
