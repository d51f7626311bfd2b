import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { anchorsIn } from '../domain/anchors.ts';
import { exportLine, verifyLog } from '../domain/audit.ts';
import { readAuditKeys, type AuditKeys } from '../domain/audit-keys.ts';
import { logChecks } from '../domain/audit-checks.ts';
import { introduced } from '../flow/holding.ts';
import { Secret } from '../domain/secret.ts';
import type { Store } from '../store-port.ts';
import type { Anchor } from '../domain/post.ts';
import { openStore } from '../store/store.ts';
import { acceptRestore } from './accept-restore.ts';
import { Failure, Usage, type Verb, type VerbContext } from './verb.ts';

const usage =
  'audit verify [--key <public:…>] [--bot <id>] [--channel <export: file or folder> …] | audit export | audit key | audit accept-restore [--by <name>] --because <why>';

/**
 * `verify`: is the log the one that was written? `export`: every event as a line of canonical JSON. `key`: the public
 * half of the key that signs, with which anybody can verify.
 */
export const audit: Verb = async (context) => {
  const [verb, ...args] = context.args;
  if (verb === 'export' && args.length === 0)
    return withStore(context, (store) => exportLog(store, context));
  if (verb === 'key' && args.length === 0)
    return withStore(context, (store) => showKey(store, context));
  if (verb === 'accept-restore') return acceptRestore(context, args);
  if (verb !== 'verify') throw new Usage(usage);
  const { channel = [], key = [], bot } = optionsIn(args, ['channel', 'key', 'bot']);
  const given = key.length > 0 ? readAuditKeys(new Secret(key.join('\n'))) : undefined;
  if (typeof given === 'string') throw new Failure(`The key cannot be used: ${given}.`);
  return withStore(context, async (store) => {
    const bots = channel.length > 0 ? new Set(bot ?? (await botsIn(store))) : new Set<string>();
    const anchors = (await Promise.all(channel.map((path) => readAnchors(path, bots)))).flat();
    await verify(store, { anchors, keys: given ?? store.keys }, context);
  });
};

/** `--name value value --other value`, each with at least one. Throws {@link Usage}. */
function optionsIn<Name extends string>(
  args: readonly string[],
  names: readonly Name[],
): Readonly<Partial<Record<Name, readonly string[]>>> {
  const found: Partial<Record<Name, string[]>> = {};
  let current: string[] | undefined;
  for (const word of args) {
    const name = names.find((one) => word === `--${one}`);
    if (name) {
      if (current?.length === 0) throw new Usage(usage);
      current = found[name] ??= [];
    } else if (!current || word.startsWith('-')) throw new Usage(usage);
    else current.push(word);
  }
  if (Object.values<string[] | undefined>(found).some((words) => words?.length === 0)) {
    throw new Usage(usage);
  }
  return found;
}

/** The bots that ever spoke for this log, as it noted itself. */
async function botsIn(store: Store): Promise<readonly string[]> {
  const events = await Array.fromAsync(store.events({ kinds: [introduced] }));
  const ids = events.map(({ data }) => (data as { readonly botId?: unknown }).botId);
  return ids.filter((id) => typeof id === 'string');
}

async function exportLog(store: Store, { print }: VerbContext): Promise<void> {
  for await (const event of store.events()) print(exportLine(event));
}

async function showKey({ keys }: Store, { print }: VerbContext): Promise<void> {
  if (!keys?.signer) throw new Failure('There is no key here that signs the audit log.');
  print(keys.signer.publicLine);
}

async function verify(
  store: Store,
  given: { readonly anchors: readonly Anchor[]; readonly keys: AuditKeys | undefined },
  { print }: VerbContext,
): Promise<void> {
  const { anchors, keys } = given;
  if (!keys) {
    throw new Failure(
      'Without a key the log’s signatures cannot be verified: give AUDIT_KEY, AUDIT_KEY_FILE or --key <public:…>, as `audit key` prints it beside the bot.',
    );
  }
  const verdict = await verifyLog(store.events(), anchors, logChecks(keys));
  if (!verdict.ok)
    throw new Failure(
      `The audit log is not the one that was written: ${verdict.problems.join('; ')}.`,
    );
  const { seq, hash } = verdict.head;
  const witnessed = anchors.length > 0 ? `, ${anchors.length} anchors of the channel agree` : '';
  print(`The audit log is sound: ${verdict.events} events${witnessed}; head ${seq}:${hash}`);
  for (const note of verdict.notes ?? []) print(`  ${note}`);
}

/** The anchors in a channel export: a JSON file of messages, or the folder with a file for each day. */
async function readAnchors(path: string, bots: ReadonlySet<string>): Promise<readonly Anchor[]> {
  const texts = await readExport(path).catch(() => {
    throw new Failure(`${path} cannot be read.`);
  });
  try {
    const anchors = texts.flatMap((text) => anchorsIn(JSON.parse(text), bots));
    if (anchors.length > 0) return anchors;
  } catch {
    throw new Failure(`${path} is not a channel export: it is no JSON.`);
  }
  const names = [...bots].join(', ') || 'a bot that the log knows';
  throw new Failure(
    `${path} holds no message of ${names}: nothing there witnesses the log. --bot <id> names another bot of ours.`,
  );
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
    key: environment.AUDIT_KEY,
  });
  try {
    await work(store);
  } finally {
    await store.close();
  }
}
