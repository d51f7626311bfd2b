import { ChildProcess } from 'node:child_process';
import { basename } from 'node:path';
import type { Pass } from './failpoints.ts';

interface Spawning {
  readonly file: string;
  readonly args: readonly string[];
}

/** Every child of the process, git’s and sops’: before it begins, and when it has ended. */
export function watchProcesses(pass: Pass): void {
  const prototype = ChildProcess.prototype as unknown as { spawn(given: Spawning): unknown };
  const { spawn } = prototype;
  prototype.spawn = function watched(this: ChildProcess, given: Spawning): unknown {
    const words = given.args.slice(1).filter((word) => /^[a-z][\w-]*$/.test(word));
    const name = `process ${basename(given.file)} ${words[0] ?? ''}`.trim();
    pass('before', name);
    this.once('exit', () => pass('after', name));
    return spawn.call(this, given);
  };
}
