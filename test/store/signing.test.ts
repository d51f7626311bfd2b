import { chmod, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { chain, verifyLog } from '../../src/domain/audit.ts';
import { newAuditKey } from '../../src/domain/audit-keys.ts';
import { signatureCheck } from '../../src/domain/audit-signatures.ts';
import { digestFromHex } from '../../src/domain/reference.ts';
import { Secret } from '../../src/domain/secret.ts';
import type { ChainedEvent } from '../../src/domain/event.ts';
import { freshSqlite } from '../helpers/store/fresh.ts';
import { eventOf } from '../../local/rig/promotions.ts';

const now = () => new Date();
let fresh: Awaited<ReturnType<typeof freshSqlite>>;

beforeEach(async () => {
  fresh = await freshSqlite();
});
afterEach(() => fresh.remove());

async function write(...kinds: readonly string[]): Promise<void> {
  const store = await fresh.open({ now });
  try {
    for (const kind of kinds) await store.note({ event: eventOf(kind) });
  } finally {
    await store.close();
  }
}

async function log(): Promise<readonly ChainedEvent[]> {
  const store = await fresh.open({ now, access: 'read' });
  const events = await Array.fromAsync(store.events());
  expect(await verifyLog(events, [], [signatureCheck(store.keys!)])).toMatchObject({ ok: true });
  await store.close();
  return events;
}

it('every event is signed, with a key beside the database that nobody else may read', async () => {
  await write('one', 'two');
  await write('three');
  expect((await log()).map(({ signature }) => signature?.length)).toEqual([88, 88, 88]);
  expect((await stat(`${fresh.file}.audit-key`)).mode & 0o777).toBe(0o600);
  const key = (await readFile(`${fresh.file}.audit-key`, 'utf8')).trim();
  expect((await readFile(fresh.file)).includes(key)).toBe(false);
});

it('nothing is written behind an event of somebody else’s, now or after a start', async () => {
  const store = await fresh.open({ now });
  await store.note({ event: eventOf('ours') });
  const [ours] = await Array.fromAsync(store.events());
  const forged = chain({ ...eventOf('theirs'), promotion: undefined, at: ours!.at }, ours!);
  await fresh.sql(
    `insert into event (seq, at, actor, kind, data, previous, hash) values
     (2, '${forged.at}', '${forged.actor}', 'theirs', '{}', '${forged.previous}', '${forged.hash}')`,
  );
  const attempt = store.note({ event: eventOf('behind') });
  await expect(attempt).rejects.toMatchObject({ reason: 'log-unsigned', facts: { event: '2' } });
  await expect(store.probe()).rejects.toMatchObject({ reason: 'log-unsigned' });
  await store.close();
  await expect(fresh.open({ now })).rejects.toMatchObject({ reason: 'log-unsigned' });
  expect(await fresh.sql('select count(*) from event')).toEqual(['2']);
});

it('another key, a lost one, or one that others may write: no start, and the words say what to do', async () => {
  await write('one');
  const file = `${fresh.file}.audit-key`;
  const first = await readFile(file, 'utf8');
  await expect(fresh.open({ now, key: newAuditKey() })).rejects.toThrow(
    /ends with event 1, which another key has signed.*put the new one first/,
  );
  await chmod(file, 0o620);
  await expect(fresh.open({ now })).rejects.toThrow(/others may write .*audit-key/);
  await rm(file);
  await expect(fresh.open({ now })).rejects.toThrow(/is signed, but the file .* is not there/);
  await expect(stat(file)).rejects.toThrow('ENOENT');
  const rotated = new Secret(`${newAuditKey().reveal()}\n${first}`);
  await (await fresh.open({ now, key: rotated })).close();
  await writeFile(file, first, { mode: 0o600 });
  await write('two');
});

it('a row that somebody else put into the ledger is no known layer, and ours in its place is', async () => {
  const store = await fresh.open({ now });
  const layer = {
    repository: 'mozillareleases/decision',
    diffId: digestFromHex('a'.repeat(64)),
    digest: digestFromHex('b'.repeat(64)),
    size: 7,
  };
  await fresh.sql(
    `insert into layer (repository, diff_id, digest, size, added_at) values
     ('${layer.repository}', '${layer.diffId}', '${layer.digest}', 666, 'then')`,
  );
  expect(await store.ledger.find([layer.diffId])).toEqual([]);
  await store.ledger.add([layer]);
  expect(await store.ledger.find([layer.diffId])).toEqual([layer]);
  const evil = digestFromHex('e'.repeat(64));
  await fresh.sql(`update layer set digest = '${evil}'`);
  expect(await store.ledger.find([layer.diffId])).toEqual([]);
  await store.close();
});
