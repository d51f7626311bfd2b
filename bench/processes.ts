import { readdir, readFile } from 'node:fs/promises';

/*
 * What the kernel tells of processes.
 * https://www.kernel.org/doc/html/latest/filesystems/proc.html
 */

/** Of a second: the unit of processor time in /proc, the same on every Linux. */
const ticksPerSecond = 100;

/** Processor seconds of a process, of all below it, and of all of them that have ended. Only ever grows. */
export async function cpuOf(pid: number): Promise<number> {
  const pids = await treeOf(pid);
  const times = await Promise.all(pids.map(ownCpu));
  return times.reduce((sum, time) => sum + time, 0);
}

async function ownCpu(pid: number): Promise<number> {
  return (await timesOf(pid)).reduce((sum, time) => sum + time, 0);
}

/** In seconds: user, system, and those of ended children: fields 14 to 17. */
async function timesOf(pid: number): Promise<number[]> {
  const text = await read(`/proc/${pid}/stat`);
  // The name is in brackets and may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).map((field) => Number(field) / ticksPerSecond);
}

/** Processor seconds that the whole machine has spent on programs, and those its host took from it. */
export async function machineCpu(): Promise<number> {
  const [line = ''] = (await read('/proc/stat')).split('\n');
  const [user = 0, nice = 0, system = 0, , , , , steal = 0] = line.split(/ +/).slice(1).map(Number);
  return (user + nice + system + steal) / ticksPerSecond;
}

/** The process and all below it. */
export async function treeOf(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const children = await Promise.all(
    threads.map((thread) => read(`/proc/${pid}/task/${thread}/children`)),
  );
  const pids = children.flatMap((text) => text.split(' ').filter(Boolean).map(Number));
  return [pid, ...(await Promise.all(pids.map(treeOf))).flat()];
}

/** Bytes of memory that a process has now, and the most it ever had; and what it was started with. */
export async function memoryOf(
  pid: number,
): Promise<{ readonly now: number; readonly most: number; readonly command: string }> {
  const [status, command] = await Promise.all([
    read(`/proc/${pid}/status`),
    read(`/proc/${pid}/cmdline`),
  ]);
  const of = (field: string): number => kilobytes(status, field) * 1024;
  return { now: of('VmRSS'), most: of('VmHWM'), command };
}

function kilobytes(text: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);
}

/** Processor seconds of the children that this process has seen the end of, and theirs. */
export async function endedChildrenCpu(): Promise<number> {
  const [, , user, system] = await timesOf(process.pid);
  return (user ?? 0) + (system ?? 0);
}

/** Bytes that a process has read, from files and connections. */
export async function bytesReadBy(pid: number): Promise<number> {
  return Number(/^rchar: (\d+)/m.exec(await read(`/proc/${pid}/io`))?.[1] ?? 0);
}

/** Empty where there is no such process any more. */
async function read(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
