import { stat } from 'node:fs/promises';
import { fail, PromotionError } from '../domain/errors.ts';
import { findSops } from './binary.ts';
import { fixedPath, type Variables } from './environment.ts';
import { run } from './process.ts';

export interface WhichSops {
  /** The process’s environment. sops gets of it only what it needs for the file’s kinds of key. */
  readonly env: Variables;
  /** The sops to run, an absolute path; otherwise the first sound one on `env.PATH`. */
  readonly sopsPath?: string | undefined;
  /** Milliseconds that sops may take before it is killed with all its children. */
  readonly timeoutMs?: number | undefined;
}

export const defaultTimeoutMs = 15_000;

/** How long the question for its version may keep a decryption waiting, in milliseconds. */
const versionTimeoutMs = 3_000;

/**
 * Gives the path of a sops that is not too old, found and asked once: it is looked at again at each call, but asked
 * again only where another has taken its place. One that says no version may decrypt: what is wrong with it shows
 * there, in better words. Throws `sops-missing`.
 */
export function rememberSops(which: WhichSops): () => Promise<string> {
  let known: { readonly binary: string; readonly changed: number } | undefined;
  return async () => {
    if (known && (await changedAt(known.binary)) === known.changed) return known.binary;
    known = undefined;
    const binary = await findSops(which.env, which.sopsPath);
    const changed = await changedAt(binary);
    const timeoutMs = Math.min(which.timeoutMs ?? defaultTimeoutMs, versionTimeoutMs);
    const version = await sopsVersion(binary, timeoutMs);
    if (version && changed !== undefined) known = { binary, changed };
    return binary;
  };
}

/** Packages bring their own time of modification, maybe the same for two versions; that of the inode is the machine’s. */
async function changedAt(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.ctimeMs;
}

/** Which version the program says it is, if it says one. Throws `sops-missing` where that is too old. */
export async function sopsVersion(
  binary: string,
  timeoutMs = defaultTimeoutMs,
): Promise<string | undefined> {
  const output = await run(binary, ['--version', '--disable-version-check'], {
    cwd: '/',
    env: { PATH: fixedPath(binary) },
    timeoutMs,
  }).catch(sayingNothing);
  const [, version, major, minor] = /^sops ((\d+)\.(\d+)\.\d+)/.exec(output.toString()) ?? [];
  // `sops decrypt` exists since 3.9.
  if (Number(major) < 3 || (Number(major) === 3 && Number(minor) < 9)) {
    fail('sops-missing', { problem: `${binary} is ${version}, older than 3.9` });
  }
  return version;
}

/** The reasons of an exit code or a timeout are those of a decryption. */
function sayingNothing(error: unknown): Buffer {
  if (error instanceof PromotionError && error.reason !== 'sops-missing') return Buffer.alloc(0);
  throw error;
}
