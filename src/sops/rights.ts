import type { Stats } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fail } from '../domain/errors.ts';

/** Bits of a mode: what the group and others may write, and what others may read. */
const writable = 0o022;
const readable = 0o004;
const sticky = 0o1000;

/** Throws `sops-file` where others than the bot’s own user and root may write to the file or put another in its place. */
export async function requireOurs(path: string, found: Stats): Promise<void> {
  if (found.mode & writable) refuse(`others may write to it: chmod go-w ${path}`);
  await requireOwn(path, found);
}

/** As {@link requireOurs}, for the key of a file: nobody else may read it either. The group may, as Kubernetes has it. */
export async function requireSecret(variable: string, given: string): Promise<void> {
  // Where there is none, sops says so.
  const path = await realpath(given).catch(() => undefined);
  if (path === undefined) return;
  const found = await stat(path);
  if (found.mode & (writable | readable)) {
    refuse(`its key may be read or written by others (${variable}): chmod go-w,o= ${given}`);
  }
  await requireOwn(given, found);
}

async function requireOwn(path: string, { uid }: Stats): Promise<void> {
  if (uid !== 0 && uid !== process.getuid?.()) {
    refuse(`${path} belongs to another user: chown it to the bot’s user or root`);
  }
  const { mode } = await stat(dirname(await realpath(path)));
  if (mode & 0o002 && !(mode & sticky)) {
    refuse(`anyone may write to the folder of ${path}: chmod o-w ${dirname(path)}`);
  }
}

function refuse(problem: string): never {
  return fail('sops-file', { problem });
}
