import { readFile } from 'node:fs/promises';
import { anchorsIn } from '../anchors.ts';
import { exportLine, verifyLog } from '../audit.ts';
import type { Anchor, Store } from '../ports.ts';
import { openStore } from '../store/store.ts';
import { Failure, readWords, Usage, type Verb, type VerbContext } from './verb.ts';

const usage = 'audit verify [--channel <export.json> …] | audit export';

/** `verify`: is the log the one that was written? `export`: every event as a line of canonical JSON. */
export const audit: Verb = async (context) => {
  const [verb, ...args] = context.args;
  if (verb === 'export' && args.length === 0)
    return withStore(context, (store) => exportLog(store, context));
  if (verb !== 'verify') throw new Usage(usage);
  const { rest, values } = readWords(args, { options: ['--channel'], usage });
  const files = [...rest, ...Object.values(values)];
  const anchors = (await Promise.all(files.map((file) => readAnchors(file)))).flat();
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

/** The anchors in a channel export: a JSON file of messages. */
async function readAnchors(file: string): Promise<readonly Anchor[]> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new Failure(`${file} cannot be read.`);
  });
  try {
    return anchorsIn(JSON.parse(text));
  } catch {
    throw new Failure(`${file} is not a channel export: it is no JSON.`);
  }
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
