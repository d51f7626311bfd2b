import { cp, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyLog } from '../../src/domain/audit.ts';
import type { Store } from '../../src/store-port.ts';
import type { Database } from '../../src/store/database.ts';
import { migrate } from '../../src/store/migrate.ts';
import { migrations } from '../../src/store/migrations.ts';
import { openSqlite } from '../../src/store/sqlite.ts';
import { openStore, storeOn } from '../../src/store/store.ts';
import { startChild } from '../helpers/store/child.ts';
import { freshSqlite } from '../helpers/store/fresh.ts';
import { approved, asked, card, eventOf, pending, thread } from '../../local/rig/promotions.ts';
import { newAuditKey } from '../../src/domain/audit-keys.ts';
import { keysOf } from '../../local/rig/key.ts';

const options = { now: () => new Date() };
const keys = keysOf(newAuditKey());
let fresh: Awaited<ReturnType<typeof freshSqlite>>;

beforeEach(async () => {
  fresh = await freshSqlite();
});

afterEach(async () => {
  await fresh.remove();
});

describe('the file', () => {
  it('is made with its folder, for nobody else to read', async () => {
    const file = join(dirname(fresh.file), 'new', 'folder', 'store.sqlite');
    const store = await openStore(`sqlite:${file}`, options);
    await store.note({ event: eventOf('noted') });
    const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
    expect(await mode(dirname(file))).toBe('700');
    for (const name of await readdir(dirname(file))) {
      expect([name, await mode(join(dirname(file), name))]).toEqual([name, '600']);
    }
    await store.close();
  });

  it('is written through to the disk at every commit', async () => {
    const database = openSqlite(fresh.file, 'write');
    const pragma = async (name: string) =>
      Object.values((await sql.raw<object>(`pragma ${name}`).execute(database.kysely)).rows[0]!)[0];
    expect(await pragma('journal_mode')).toBe('wal');
    expect(await pragma('synchronous')).toBe(2);
    expect(await pragma('foreign_keys')).toBe(1);
    await database.close();
  });

  it.each([
    [
      'is no database',
      (file: string) => writeFile(file, 'x'.repeat(5_000)),
      /not an SQLite database/,
    ],
    ['is a folder', (file: string) => mkdir(file), /the file cannot be opened/],
    ['has a file for a folder', (file: string) => writeFile(dirname(file), ''), /(EEXIST|ENOTDIR)/],
  ])('is refused where it %s', async (_, prepare, problem) => {
    const file = join(dirname(fresh.file), 'folder', 'broken.sqlite');
    if (!problem.test('EEXIST')) await mkdir(dirname(file));
    await prepare(file);
    const opening = openStore(`sqlite:${file}`, options);
    await expect(opening).rejects.toMatchObject({ reason: 'database-unopened' });
    await expect(opening).rejects.toThrow(problem);
    await expect(opening).rejects.toThrow(file);
  });

  it('is not made for somebody who only reads', async () => {
    await expect(openStore(fresh.url, { ...options, access: 'read' })).rejects.toMatchObject({
      reason: 'database-empty',
    });
    expect(await readdir(dirname(fresh.file))).toEqual([]);
  });
});

describe('a second process', () => {
  it('is refused in one sentence that names the file', async () => {
    const store = await openStore(fresh.url, options);
    const child = startChild('opening.ts', fresh.url);
    expect(await child.ended).toBe(0);
    expect(child.lines).toEqual([
      `refused database-in-use: Another process is using the database ${fresh.file}. Stop that one first; several replicas at once need PostgreSQL.`,
    ]);
    await store.note({ event: eventOf('noted') });
    await store.close();
  });

  it('may begin at once where the first was killed', async () => {
    const child = startChild('opening.ts', fresh.url);
    await child.line('open');
    await expect(openStore(fresh.url, options)).rejects.toMatchObject({
      reason: 'database-in-use',
    });
    child.process.kill('SIGKILL');
    await child.ended;
    const store = await openStore(fresh.url, options);
    await store.close();
  });

  it('is refused by another path to the same file too, and within one process', async () => {
    const store = await openStore(fresh.url, options);
    const link = join(dirname(fresh.file), 'link.sqlite');
    await symlink(fresh.file, link);
    await expect(openStore(`sqlite:${link}`, options)).rejects.toMatchObject({
      reason: 'database-in-use',
    });
    await store.close();
    const again = await openStore(`sqlite:${link}`, options);
    await again.close();
  });

  it('is still refused after this one was asked to open it twice', async () => {
    const store = await openStore(fresh.url, options);
    await expect(openStore(fresh.url, options)).rejects.toMatchObject({
      reason: 'database-in-use',
    });
    const child = startChild('opening.ts', fresh.url);
    expect(await child.line('')).toMatch(/^refused database-in-use/);
    expect(await child.ended).toBe(0);
    await store.close();
  });

  it('leaves no lock behind when opening fails', async () => {
    const store = await openStore(fresh.url, options);
    await store.close();
    await fresh.sql('update schema_version set version = 99');
    await expect(openStore(fresh.url, options)).rejects.toMatchObject({ reason: 'database-newer' });
    await fresh.sql(`update schema_version set version = ${migrations.length}`);
    const again = await openStore(fresh.url, options);
    await again.close();
  });
});

describe('a database that cannot write', () => {
  let database: Database;
  let store: Store;

  beforeEach(async () => {
    database = openSqlite(fresh.file, 'write');
    await migrate(database);
    store = storeOn(database, { ...options, keys });
  });

  afterEach(async () => {
    await store.close();
  });

  async function run(text: string): Promise<number> {
    const { rows } = await sql.raw<object>(text).execute(database.kysely);
    return Number(Object.values(rows[0] ?? {})[0]);
  }

  async function counts(): Promise<readonly number[]> {
    const tables = ['promotion', 'decision', 'event', 'inbox', 'outbox'];
    return await Promise.all(tables.map((table) => run(`select count(*) from ${table}`)));
  }

  /** Three changes; large posts, so that each statement may be the one that finds the disk full. */
  async function story(id: string): Promise<void> {
    const posts = () => [card('x'.repeat(9_000)), thread('y'.repeat(9_000))];
    const created = await store.create({
      to: asked(id),
      event: eventOf('asked'),
      envelope: id,
      posts,
    });
    if (created.outcome !== 'changed' || created.promotion.state !== 'asked') throw new Error('?');
    const plan = pending(created.promotion, id);
    const planned = await store.change({
      from: created.promotion,
      to: plan,
      event: eventOf('pending'),
      posts,
    });
    if (planned.outcome !== 'changed' || planned.promotion.state !== 'pending')
      throw new Error('?');
    const to = approved(planned.promotion);
    await store.change({
      from: planned.promotion,
      to,
      event: eventOf('approved'),
      envelope: `${id}!`,
      posts,
    });
  }

  it('takes nothing where the disk is full, whichever statement finds it so', async () => {
    let failures = 0;
    for (let pages = 0; pages < 60; pages += 1) {
      await run(`pragma max_page_count = ${(await run('pragma page_count')) + (pages % 20)}`);
      const before = await counts();
      const trouble = await story(`p${pages}`).then(
        () => undefined,
        (error: unknown) => error,
      );
      const [promotions, decisions, events, , posts] = await counts();
      if (trouble !== undefined) {
        failures += 1;
        expect(trouble).toMatchObject({
          reason: 'database-failed',
          facts: { problem: 'the disk is full' },
        });
      }
      const added = events! - before[2]!;
      expect(posts! - before[4]!).toBe(2 * added);
      expect(promotions! - before[0]!).toBe(Math.min(added, 1));
      expect(decisions! - before[1]!).toBe(added === 3 ? 1 : 0);
      expect(added < 3).toBe(trouble !== undefined);
    }
    expect(failures).toBeGreaterThan(5);
    await run('pragma max_page_count = 1000000');
    await story('room again');
    expect(await verifyLog(store.events())).toMatchObject({ ok: true });
  });

  it('takes nothing where it is read-only', async () => {
    await run('pragma query_only = on');
    const readOnly = { reason: 'database-failed', facts: { problem: 'it is read-only' } };
    const change = store.create({ to: asked('p1'), event: eventOf('asked'), envelope: 'e1' });
    await expect(change).rejects.toMatchObject(readOnly);
    await expect(store.outbox.add('p1', () => thread('a'))).rejects.toMatchObject(readOnly);
    expect(await counts()).toEqual([0, 0, 0, 0, 0]);
    await run('pragma query_only = off');
    await story('p1');
  });

  it('lets no other program write between what it read and what it writes', async () => {
    const other = new DatabaseSync(fresh.file, { timeout: 0 });
    const attempts: unknown[] = [];
    const now = () => {
      // The store asks for the time first of all in its transaction.
      try {
        attempts.push(other.exec(`insert into inbox (key, at) values ('theirs', 'now')`));
      } catch (error) {
        attempts.push(error);
      }
      return new Date();
    };
    await storeOn(database, { now, keys }).note({ event: eventOf('noted') });
    expect(attempts).toEqual([expect.objectContaining({ errstr: 'database is locked' })]);
    other.close();
  });

  it('takes nothing while another program keeps it locked, and waits a moment for it', async () => {
    const other = new DatabaseSync(fresh.file);
    other.exec('begin immediate');
    const begun = Date.now();
    const change = store.create({ to: asked('p1'), event: eventOf('asked'), envelope: 'e1' });
    await expect(change).rejects.toMatchObject({
      reason: 'database-failed',
      facts: { problem: 'it is locked by another program' },
    });
    expect(Date.now() - begun).toBeLessThan(2_500);
    expect(await counts()).toEqual([0, 0, 0, 0, 0]);
    other.exec('rollback');
    other.close();
    await story('p1');
  });
});

describe('a backup by VACUUM INTO', () => {
  it('goes on where it was made, and shows against what the channel has seen since', async () => {
    const copy = join(dirname(fresh.file), 'backup.sqlite');
    const store = await openStore(fresh.url, options);
    await store.create({ to: asked('p1'), event: eventOf('asked') });
    // While the bot runs, as documented for operators.
    const other = new DatabaseSync(fresh.file, { readOnly: true });
    other.exec(`vacuum into '${copy}'`);
    other.close();
    const later = await store.note({ event: eventOf('after the backup') });
    if (later.outcome !== 'noted') throw new Error(later.outcome);
    await store.close();

    await expect(openStore(`sqlite:${copy}`, options)).rejects.toMatchObject({
      reason: 'audit-key-lost',
    });
    await cp(`${fresh.file}.audit-key`, `${copy}.audit-key`);
    const restored = await openStore(`sqlite:${copy}`, options);
    expect(await restored.get('p1')).toMatchObject({ state: 'asked' });
    expect(await verifyLog(restored.events())).toMatchObject({ ok: true, events: 1 });
    expect(await verifyLog(restored.events(), [later.anchor])).toMatchObject({ ok: false });
    await restored.note({ event: eventOf('after the restore') });
    expect(await verifyLog(restored.events())).toMatchObject({ ok: true, events: 2 });
    expect(await verifyLog(restored.events(), [later.anchor])).toMatchObject({ ok: false });
    await restored.close();
  });
});

describe('somebody with access to the file', () => {
  it.each([
    ['edits a fact', `update event set data = replace(data, 'e', 'E') where seq = 2`],
    [
      'edits a fact without changing its meaning',
      `update event set data = data || ' ' where seq = 2`,
    ],
    [
      'hides a fact behind another',
      `update event set data = replace(data, '{', '{"says":"x",') where seq = 2`,
    ],
    ['writes nonsense', `update event set data = '{' where seq = 2`],
    ['edits the actor', `update event set actor = 'U9' where seq = 2`],
    ['edits the time', `update event set at = '2026-01-01T00:00:00.000Z' where seq = 2`],
    ['moves an event to another promotion', `update event set promotion = 'p2' where seq = 2`],
    ['takes an event from its promotion', `update event set promotion = null where seq = 2`],
    ['renumbers', `update event set seq = seq + 1 where seq = 3`],
    ['deletes', `delete from event where seq = 2`],
    ['deletes the beginning', `delete from event where seq = 1`],
    ['swaps the hashes', `update event set hash = 'x' || hash where seq = 2`],
  ])('is found out who %s', async (_, tampering) => {
    let store = await openStore(fresh.url, options);
    for (const n of [1, 2, 3]) {
      await store.note({ event: eventOf(`event ${n}`), promotion: 'p1' });
    }
    await store.close();
    const check = async () => {
      store = await openStore(fresh.url, { ...options, access: 'read' });
      const verdict = await verifyLog(store.events());
      await store.close();
      return verdict.ok;
    };
    expect(await check()).toBe(true);
    await fresh.sql('drop trigger event_no_update');
    await fresh.sql('drop trigger event_no_delete');
    await fresh.sql(tampering);
    expect(await check()).toBe(false);
  });
});
