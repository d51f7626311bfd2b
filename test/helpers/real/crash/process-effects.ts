import { ChildProcess } from 'node:child_process';
import { basename } from 'node:path';
import type { Pass } from './pass.ts';

interface Spawning {
  readonly file: string;
  readonly args: readonly string[];
}

type Spawn = (this: ChildProcess, given: Spawning) => unknown;

/** Every child of the process, git’s and sops’: before it begins, and when it has ended. */
export function watchProcesses(pass: Pass): void {
  const prototype = ChildProcess.prototype as unknown as { spawn: Spawn };
  const { spawn } = prototype;
  prototype.spawn = function watched(given) {
    const words = given.args.slice(1).filter((word) => /^[a-z][\w-]*$/.test(word));
    const name = `process ${basename(given.file)} ${words[0] ?? ''}`.trim();
    pass('before', name);
    this.once('exit', () => pass('after', name));
    return spawn.call(this, given);
  };
}
