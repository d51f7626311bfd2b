import { once } from 'node:events';
import { Client } from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { verifyLog } from '../../src/domain/audit.ts';
import type { Store } from '../../src/store-port.ts';
import type { Pending } from '../../src/domain/states.ts';
import { locks } from '../../src/store/postgres-session.ts';
import { openStore } from '../../src/store/store.ts';
import { startChild } from '../helpers/store/child.ts';
import { approved, asked, eventOf, pending, thread } from '../../local/rig/promotions.ts';
import { linkTo } from '../helpers/real/link.ts';
import { startPostgres, type Postgres, type PostgresDatabase } from '../../local/rig/postgres.ts';
import { keyFor } from '../../local/rig/key.ts';

const options = { now: () => new Date() };

let postgres: Postgres;
let database: PostgresDatabase;
const opened: Store[] = [];

beforeAll(async () => {
  postgres = await startPostgres();
});

afterAll(async () => {
  await postgres.close();
});

beforeEach(async () => {
  database = await postgres.database();
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()));
  await database.remove();
});

async function replica(url = database.url): Promise<Store> {
  const store = await openStore(url, { ...options, ...keyFor(url) });
  opened.push(store);
  return store;
}

async function createPending(store: Store, id: string): Promise<Pending> {
  const created = await store.create({ to: asked(id), event: eventOf('asked') });
  if (created.outcome !== 'changed') throw new Error(created.outcome);
  const from = asked(id);
  const to = pending({ ...from, version: 1 }, id);
  const changed = await store.change({
    from: { ...from, version: 1 },
    to,
    event: eventOf('pending'),
  });
  if (changed.outcome !== 'changed' || changed.promotion.state !== 'pending') {
    throw new Error(changed.outcome);
  }
  return changed.promotion;
}

/** Milliseconds until `check` gives something. */
async function until<T>(check: () => Promise<T | undefined>, limit: number): Promise<number> {
  const begun = performance.now();
  while ((await check()) === undefined) {
    if (performance.now() - begun > limit) throw new Error(`not within ${limit} ms`);
    await sleep(20);
  }
  return Math.round(performance.now() - begun);
}

describe('replicas', () => {
  it('hold a promotion one at a time', async () => {
    const [one, two] = [await replica(), await replica()];
    const inner = await one.hold('p1', async () => [
      await two.hold('p1', async () => 'both'),
      await one.hold('p1', async () => 'twice'),
      await two.hold('p2', async () => 'another'),
    ]);
    expect(inner).toEqual([undefined, undefined, 'another']);
    expect(await two.hold('p1', async () => 'then')).toBe('then');
  });

  it('tell each other of changes, and once more after a gap in which they could not', async () => {
    const [one, two] = [await replica(), await replica()];
    let told = 0;
    two.onChange(() => {
      told += 1;
    });
    await one.note({ event: eventOf('noted') });
    await until(async () => told || undefined, 2_000);
    expect(told).toBe(1);
    await two.note({ event: eventOf('noted') });
    await sleep(200);
    expect(told).toBe(2);
    await cutSessions();
    await until(async () => (told > 2 ? told : undefined), 3_000);
    expect(told).toBe(3);
    await one.note({ event: eventOf('noted') });
    await until(async () => (told > 3 ? told : undefined), 2_000);
  });

  it('are told at once that they no longer hold', async () => {
    const [one, two] = [await replica(), await replica()];
    await one.hold('p1', async (signal) => {
      await cutSessions();
      if (!signal.aborted) await once(signal, 'abort');
      expect(signal.reason).toMatchObject({ reason: 'database-failed' });
      await until(() => two.hold('p1', async () => 'free').catch(() => undefined), 3_000);
      // Not yet over here, so not begun again here either.
      await until(
        async () => await one.hold('p2', async () => 'back').catch(() => undefined),
        3_000,
      );
      expect(await one.hold('p1', async () => 'twice')).toBeUndefined();
    });
    expect(await one.hold('p1', async () => 'again')).toBe('again');
  });

  it('share the posts: none is given to two', async () => {
    const stores = [await replica(), await replica(), await replica()];
    const all = Array.from({ length: 120 }, (_, n) => thread(`${n}`));
    await stores[0]!.note({ event: eventOf('posted'), posts: () => all });
    const given: string[] = [];
    for (let round = 0; round < 4; round += 1) {
      const shares = await Promise.all(stores.map((store) => store.outbox.due(new Date())));
      given.push(...shares.flat().map(({ post }) => post.message.text));
    }
    expect(given.toSorted()).toEqual(all.map(({ message }) => message.text).toSorted());
    const next = await stores[1]!.outbox.next();
    expect(next!.getTime() - Date.now()).toBeLessThan(3_000);
  });

  it('leave alone what another sends, once they were not heard of', async () => {
    const [one, two] = [await replica(), await replica()];
    await one.note({ event: eventOf('posted'), posts: () => [thread('a')] });
    const [post] = await one.outbox.due(new Date());
    expect(one.outbox.isOurs(post!.id)).toBe(true);
    expect(two.outbox.isOurs(post!.id)).toBe(false);
    await cutSessions();
    await until(async () => (await two.outbox.due(new Date()))[0], 5_000);
    expect(one.outbox.isOurs(post!.id)).toBe(false);
    // What the first makes of its failure is no longer its business.
    await one.outbox.later(post!.id, new Date(Date.now() + 3_600_000));
    expect(await database.sql('select claimed_by is not null from outbox')).toEqual(['t']);
    expect((await two.outbox.next())!.getTime()).toBeLessThan(Date.now() + 60_000);
  });

  it('take over at once what a killed one held and was sending', async () => {
    const store = await replica();
    await createPending(store, 'p1');
    await store.note({ event: eventOf('posted'), posts: () => [thread('a')] });
    const child = startChild('holding.ts', database.url);
    await child.line('holding');
    expect(await store.hold('p1', async () => 'mine')).toBeUndefined();
    expect(await store.outbox.due(new Date())).toEqual([]);
    child.process.kill('SIGKILL');
    const held = await until(() => store.hold('p1', async () => 'mine'), 5_000);
    const [post] = await store.outbox.due(new Date());
    expect(post).toMatchObject({ attempts: 1 });
    console.info(`taken over from a killed replica after ${held} ms`);
  });

  it('take over within seconds what a stopped one held, and it can do no harm when it wakes', async () => {
    const store = await replica();
    const from = await createPending(store, 'p1');
    await store.note({ event: eventOf('posted'), posts: () => [thread('a')] });
    const child = startChild('holding.ts', database.url);
    await child.line('holding');
    child.process.kill('SIGSTOP');
    const held = await until(
      () =>
        store.hold('p1', async () => {
          const to = approved(from, 'U00000002');
          return await store.change({ from, to, event: eventOf('approved') });
        }),
      15_000,
    );
    expect(await store.outbox.due(new Date())).toMatchObject([{ attempts: 1 }]);
    child.process.kill('SIGCONT');
    await child.line('lost');
    expect(await child.line('wrote')).toBe('wrote stale');
    expect(await child.ended).toBe(0);
    expect(await store.get('p1')).toMatchObject({ approvals: [{ person: 'U00000002' }] });
    expect(await database.sql(`select person from decision`)).toEqual(['U00000002']);
    console.info(`taken over from a stopped replica after ${held} ms`);
  });

  it('answer who only reads while many changes wait, and lose none of those', async () => {
    const store = await replica();
    const other = new Client({ connectionString: database.url });
    await other.connect();
    await other.query(`select pg_advisory_lock(${locks.write}, 0)`);
    const ids = Array.from({ length: 50 }, (_, n) => `p${n}`);
    const changes = ids.map((id) => store.create({ to: asked(id), event: eventOf('asked') }));
    await sleep(500);
    const begun = performance.now();
    expect(await store.get('p0')).toBeUndefined();
    expect(performance.now() - begun).toBeLessThan(2_000);
    // Longer than anybody waits for a connection.
    await sleep(5_500);
    await other.end();
    const outcomes = (await Promise.all(changes)).map(({ outcome }) => outcome);
    expect(outcomes).toEqual(ids.map(() => 'changed'));
  });

  it('write on within seconds when one stopped in the middle of a transaction', async () => {
    const store = await replica();
    const from = await createPending(store, 'p1');
    const child = startChild('stopping.ts', database.url);
    await child.line('stopping');
    const begun = performance.now();
    const to = approved(from, 'U00000002');
    expect(await store.change({ from, to, event: eventOf('approved') })).toMatchObject({
      outcome: 'changed',
    });
    console.info(`wrote on after ${Math.round(performance.now() - begun)} ms`);
    child.process.kill('SIGCONT');
    expect(await child.line('wrote')).toBe('wrote stale');
    expect(await child.ended).toBe(0);
    expect(await verifyLog(store.events())).toMatchObject({ ok: true, events: 3 });
  });

  it('know that they lost a promotion before another can hold it, where the network swallows everything', async () => {
    const link = await linkTo(database.url);
    const [cut, other] = [await replica(link.url), await replica()];
    let lostAt = 0;
    let takenAt = 0;
    await cut.hold('p1', async (signal) => {
      signal.addEventListener('abort', () => {
        lostAt = performance.now();
      });
      link.freeze();
      await until(() => other.hold('p1', async () => 'mine'), 15_000);
      takenAt = performance.now();
    });
    expect(lostAt).toBeGreaterThan(0);
    expect(takenAt - lostAt).toBeGreaterThan(0);
    console.info(`known to the one ${Math.round(takenAt - lostAt)} ms before the other had it`);
    link.thaw();
    await until(() => cut.hold('p1', async () => 'back').catch(() => undefined), 10_000);
    // And who leaves does not wait for an answer that never comes.
    link.freeze();
    const begun = performance.now();
    await cut.close();
    expect(performance.now() - begun).toBeLessThan(3_000);
    await link.close();
  });
});

describe('a change whose connection is lost', () => {
  it('is given up within seconds where the server stays away, and nothing of it is left', async () => {
    const link = await linkTo(database.url);
    const store = await replica(link.url);
    await link.close();
    const begun = performance.now();
    const change = store.create({ to: asked('p1'), event: eventOf('asked'), envelope: 'e1' });
    await expect(change).rejects.toMatchObject({ reason: 'database-failed' });
    await expect(store.hold('p1', async () => 'held')).rejects.toMatchObject({
      reason: 'database-failed',
    });
    expect(performance.now() - begun).toBeLessThan(8_000);
    expect(await database.sql('select count(*) from event')).toEqual(['0']);
  });

  it('is made once, where the answer to the commit was what got lost', async () => {
    const link = await linkTo(database.url);
    const store = await replica(link.url);
    for (let n = 0; n < 5; n += 1) {
      link.cutAfterCommit();
      const creation = { to: asked(`p${n}`), event: eventOf('asked'), envelope: `e${n}` };
      expect(await store.create({ ...creation, posts: () => [thread('a')] })).toMatchObject({
        outcome: 'changed',
        promotion: { version: 1 },
      });
    }
    expect(await verifyLog(store.events())).toMatchObject({ ok: true, events: 5 });
    expect(await database.sql('select count(*) from outbox')).toEqual(['5']);
    await store.close();
    await link.close();
  });

  it.each(['immediate', 'fast'] as const)(
    'is made once, while the server restarts (%s)',
    async (mode) => {
      const store = await replica();
      const anchors: number[] = [];
      let isOver = false;
      const write = async (writer: number) => {
        for (let n = 0; !isOver; n += 1) {
          const noted = await store.note({
            event: eventOf(`${writer} ${n}`),
            envelope: `${writer} ${n}`,
          });
          if (noted.outcome !== 'noted') throw new Error(noted.outcome);
          anchors.push(noted.anchor.seq);
        }
      };
      const writing = Promise.all([0, 1, 2].map(write));
      for (let n = 0; n < 3; n += 1) {
        await sleep(300);
        await postgres.restart(mode);
      }
      await sleep(300);
      isOver = true;
      await writing;
      const events = await Array.fromAsync(store.events());
      expect(anchors.toSorted((a, b) => a - b)).toEqual(events.map(({ seq }) => seq));
      expect(await verifyLog(events)).toMatchObject({ ok: true });
      console.info(
        `${events.length} changes over three restarts (${mode}): none lost, none doubled`,
      );
    },
  );
});

/** Ends the sessions that replicas keep, as an operator or a failing network could. */
async function cutSessions(): Promise<void> {
  await database.sql(`select pg_terminate_backend(pid) from pg_locks
    where locktype = 'advisory' and classid = ${0x70726d03} and database =
      (select oid from pg_database where datname = current_database())`);
}
