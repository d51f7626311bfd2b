import { execa } from 'execa';
import { fail } from '../domain/errors.ts';

export interface RunOptions {
  readonly cwd: string;
  /** The whole environment of the child: nothing is inherited. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs: number;
}

/** Bytes that sops may print; credentials are small. */
const maxBuffer = 64 * 1024;

/**
 * Runs sops and gives what it printed; the caller wipes it. After the end, or after `timeoutMs`, nothing of the
 * child's process group is left. stderr is not even read: it may quote values, and hashes of them.
 * Throws a PromotionError of our own words; never an error of execa, which would carry the output.
 */
export async function run(
  binary: string,
  args: readonly string[],
  options: RunOptions,
): Promise<Buffer> {
  const child = execa(binary, args, {
    cwd: options.cwd,
    env: { ...options.env },
    extendEnv: false,
    shell: false,
    stdin: 'ignore',
    stderr: 'ignore',
    encoding: 'buffer',
    stripFinalNewline: false,
    maxBuffer,
    // A process group of its own, so that gpg and other children can be ended with it.
    detached: true,
    reject: false,
  });
  const end = () => endGroup(child.pid);
  process.once('exit', end);
  const deadline = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => deadline.resolve(undefined), options.timeoutMs);
  try {
    const result = await Promise.race([child, deadline.promise]);
    if (!result) return fail('sops-timeout', { seconds: String(options.timeoutMs / 1000) });
    return outputOf(binary, result);
  } finally {
    clearTimeout(timer);
    end();
    // A grandchild that left the group may still hold it open.
    child.stdout.destroy();
    process.off('exit', end);
  }
}

interface Result {
  readonly stdout: Uint8Array | undefined;
  readonly failed: boolean;
  readonly isMaxBuffer: boolean;
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
}

function outputOf(binary: string, result: Result): Buffer {
  const output = result.stdout ?? new Uint8Array();
  if (!result.failed) return Buffer.from(output.buffer, output.byteOffset, output.byteLength);
  output.fill(0);
  if (result.isMaxBuffer) {
    return fail('sops-failed', { outcome: `more than ${maxBuffer} bytes of output` });
  }
  if (result.signal) return fail('sops-failed', { outcome: `signal ${result.signal}` });
  if (result.exitCode === undefined) {
    return fail('sops-missing', { problem: `${binary} could not be started` });
  }
  return failWith(result.exitCode);
}

/** @see https://github.com/getsops/sops/blob/main/cmd/sops/codes/codes.go */
function failWith(exitCode: number): never {
  switch (exitCode) {
    case 2:
    case 100:
      return fail('sops-file', { problem: 'sops cannot read it' });
    case 24:
    case 25:
    case 51:
    case 52:
      return fail('sops-tampered', {});
    case 111:
    case 128:
      return fail('sops-no-key', {});
    default:
      return fail('sops-failed', { outcome: `exit code ${exitCode}` });
  }
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody is left in it.
  }
}
