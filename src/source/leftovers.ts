import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { isAlive } from '../net/alive.ts';

const kind = 'promote-image-source';

/** Folders of bots on this machine; one in another container has another name for it. */
const ours = `${kind}-${hostname().replaceAll(/[^\w.]/g, '_')}-`;

const swept = new Map<string, Promise<void>>();

/** Makes a folder that says whose it is. Before the first one in `place`, what killed bots left there is removed. */
export async function makeFolder(place: string): Promise<string> {
  const sweeping = swept.get(place) ?? removeLeftovers(place);
  swept.set(place, sweeping);
  await sweeping;
  return mkdtemp(join(place, `${ours}${process.pid}-`));
}

/** Only called while this process has none: one with its number is of an earlier process that had it too. */
async function removeLeftovers(place: string): Promise<void> {
  const names = await readdir(place).catch(() => []);
  for (const name of names) {
    if (!name.startsWith(ours)) continue;
    const [pid = ''] = name.slice(ours.length).split('-');
    if (!/^\d+$/.test(pid) || isAlive(Number(pid))) continue;
    await rm(join(place, name), { recursive: true, force: true }).catch(() => undefined);
  }
}
