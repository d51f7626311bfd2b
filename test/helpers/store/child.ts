import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

export interface Child {
  readonly process: ChildProcess;
  /** What it has printed so far, line by line. */
  readonly lines: string[];
  /** Resolves with the first line that begins with `start`, printed before or after. */
  line(start: string): Promise<string>;
  /** How it ended: the exit code, or the signal. */
  readonly ended: Promise<number | string>;
}

/** Runs a script of this folder in a process of its own, at most as long as the test. Its stderr is shown. */
export function startChild(script: string, ...args: readonly string[]): Child {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  // A stopped one too.
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines: string[] = [];
  const output = createInterface(child.stdout);
  output.on('line', (line) => lines.push(line));
  const closed = once(output, 'close');
  const ended = once(child, 'exit').then(async ([code, signal]: unknown[]) => {
    await closed;
    return (code ?? signal) as number | string;
  });
  return {
    process: child,
    lines,
    ended,
    line: async (start) => {
      for (;;) {
        const found = lines.find((line) => line.startsWith(start));
        if (found !== undefined) return found;
        const isOver = await Promise.race([
          once(output, 'line').then(() => false),
          closed.then(() => true),
        ]);
        if (isOver) throw new Error(`the child ended without a line “${start}…”`);
      }
    },
  };
}
