import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { anchorsIn } from '../anchors.ts';
import { exportLine, verifyLog } from '../audit.ts';
import type { Anchor, Store } from '../store-port.ts';
import { openStore } from '../store/store.ts';
import { Failure, Usage, type Verb, type VerbContext } from './verb.ts';

const usage = 'audit verify [--channel <export: file or folder> …] | audit export';

/** `verify`: is the log the one that was written? `export`: every event as a line of canonical JSON. */
export const audit: Verb = async (context) => {
  const [verb, ...args] = context.args;
  if (verb === 'export' && args.length === 0)
    return withStore(context, (store) => exportLog(store, context));
  if (verb !== 'verify') throw new Usage(usage);
  const exports = args.filter((word) => word !== '--channel');
  if (exports.some((word) => word.startsWith('-')) || args.at(-1) === '--channel') {
    throw new Usage(usage);
  }
  const anchors = (await Promise.all(exports.map((path) => readAnchors(path)))).flat();
  return withStore(context, (store) => verify(store, anchors, context));
};

async function exportLog(store: Store, { print }: VerbContext): Promise<void> {
  for await (const event of store.events()) print(exportLine(event));
}

async function verify(
  store: Store,
  anchors: readonly Anchor[],
  { print }: VerbContext,
): Promise<void> {
  const verdict = await verifyLog(store.events(), anchors);
  if (!verdict.ok)
    throw new Failure(
      `The audit log is not the one that was written: ${verdict.problems.join('; ')}.`,
    );
  const { seq, hash } = verdict.head;
  const witnessed = anchors.length > 0 ? `, ${anchors.length} anchors of the channel agree` : '';
  print(`The audit log is sound: ${verdict.events} events${witnessed}; head ${seq}:${hash}`);
}

/** The anchors in a channel export: a JSON file of messages, or the folder with a file for each day. */
async function readAnchors(path: string): Promise<readonly Anchor[]> {
  const texts = await readExport(path).catch(() => {
    throw new Failure(`${path} cannot be read.`);
  });
  try {
    const anchors = texts.flatMap((text) => anchorsIn(JSON.parse(text)));
    if (anchors.length > 0) return anchors;
  } catch {
    throw new Failure(`${path} is not a channel export: it is no JSON.`);
  }
  throw new Failure(`${path} holds no message of the bot’s: nothing there witnesses the log.`);
}

async function readExport(path: string): Promise<readonly string[]> {
  if (!(await stat(path)).isDirectory()) return [await readFile(path, 'utf8')];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.json'));
  return Promise.all(files.map((entry) => readFile(join(entry.parentPath, entry.name), 'utf8')));
}

async function withStore(
  context: VerbContext,
  work: (store: Store) => Promise<void>,
): Promise<void> {
  const { environment } = await context.config();
  const store = await openStore(environment.DATABASE_URL.reveal(), {
    now: context.now,
    access: 'read',
  });
  try {
    await work(store);
  } finally {
    await store.close();
  }
}
