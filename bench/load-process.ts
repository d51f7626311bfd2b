import { readFileSync } from 'node:fs';

/** Memory of a process over a while, in MiB. */
export interface Watched {
  readonly before: number;
  peak: number;
  stop(): { readonly before: number; readonly peak: number; readonly after: number };
}

export function watchMemory(pid: number): Watched {
  const before = residentOf(pid);
  const watched: Watched = {
    before,
    peak: before,
    stop() {
      clearInterval(timer);
      return { before, peak: watched.peak, after: residentOf(pid) };
    },
  };
  const timer = setInterval(() => {
    watched.peak = Math.max(watched.peak, residentOf(pid));
  }, 50);
  return watched;
}

function residentOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
}

/** Processor time of a process and the children that it has waited for, in seconds. */
export function workOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // Behind the name in brackets, which may hold anything; ticks are hundredths of a second.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0) / 100;
}

/** How long the event loop was kept busy in one go, in milliseconds: 99 of 100, and the longest. */
export async function lagOf(port: number): Promise<{ readonly p99: number; readonly max: number }> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const value = (name: string) =>
    1000 *
    Number(
      new RegExp(`^promote_image_nodejs_eventloop_lag_${name}_seconds (\\S+)`, 'm').exec(text)?.[1],
    );
  return { p99: value('p99'), max: value('max') };
}
