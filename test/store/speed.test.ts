import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chain, exportLine, genesis, verifyLog } from '../../src/domain/audit.ts';
import { signatureCheck } from '../../src/domain/audit-signatures.ts';
import { canonical } from '../../src/domain/canonical.ts';
import { Secret } from '../../src/domain/secret.ts';
import type { Store } from '../../src/store-port.ts';
import type { Anchor } from '../../src/domain/post.ts';
import { freshSqlite } from '../helpers/store/fresh.ts';
import { keysOf } from '../../local/rig/key.ts';
import {
  approved,
  asked,
  at,
  eventOf,
  pending,
  promoted,
  pushing,
  reported,
} from '../../local/rig/promotions.ts';

/** Promotions in the history: the short form; the long one sets STORE_PROMOTIONS. */
const promotions = Number(process.env['STORE_PROMOTIONS'] ?? 1_000);
const changes = 6;
const postsEach = 12;

describe(`with ${promotions} promotions in the history`, () => {
  let fresh: Awaited<ReturnType<typeof freshSqlite>>;
  let store: Store;

  beforeAll(async () => {
    fresh = await freshSqlite();
    store = await fresh.open({ now: () => new Date() });
    await store.close();
    fill(fresh.file);
    store = await fresh.open({ now: () => new Date() });
  }, 120_000);

  afterAll(async () => {
    await store.close();
    await fresh.remove();
  });

  it('answers what people ask for, and prints how fast', async () => {
    const took: Record<string, number> = {};
    const time = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
      const times: number[] = [];
      let result = await work();
      for (let n = 0; n < 5; n += 1) {
        const begun = performance.now();
        result = await work();
        times.push(performance.now() - begun);
      }
      took[name] = times.toSorted((a, b) => a - b)[2]!;
      return result;
    };
    const open = ['asked', 'pending', 'approved', 'pushing', 'promoted', 'failed'] as const;
    const ended = ['reported', 'rejected', 'expired', 'withdrawn', 'refused', 'unneeded'] as const;
    expect(await time('status', () => store.list({ states: open, limit: 20 }))).toHaveLength(0);
    expect(await time('history', () => store.list({ states: ended, limit: 20 }))).toHaveLength(20);
    const history = { image: 'decision', states: ended, limit: 20 };
    expect(await time('history of an image', () => store.list(history))).toHaveLength(20);
    const id = `p${promotions >> 1}`;
    expect(await time('status of one', () => store.get(id))).toMatchObject({ id });
    const log = await time('events of one', () => Array.fromAsync(store.events({ promotion: id })));
    expect(log).toHaveLength(changes);
    expect(await time('outbox, nothing due', () => store.outbox.due(new Date()))).toEqual([]);
    expect(await time('outbox, next', () => store.outbox.next())).toBeUndefined();
    let noted = 0;
    await time('a new promotion', () => {
      noted += 1;
      return store.create({ to: asked(`new${noted}`), event: eventOf('asked') });
    });
    const events = promotions * changes + noted;
    const verdict = await time('audit verify', () =>
      verifyLog(store.events(), [], [signatureCheck(store.keys!)]),
    );
    expect(verdict).toMatchObject({ ok: true, events });
    const lines = await time('audit export', async () => {
      let bytes = 0;
      for await (const event of store.events()) bytes += exportLine(event).length;
      return bytes;
    });
    expect(lines).toBeGreaterThan(events * 100);
    const table = Object.entries(took).map(([name, ms]) => `${name}: ${ms.toFixed(1)} ms`);
    console.info([`${promotions} promotions, ${events} events`, ...table].join('\n  '));
  }, 120_000);
});

/** Writes finished promotions as the store would have, in one transaction, so that it takes seconds. */
function fill(file: string): void {
  const connection = new DatabaseSync(file);
  const keys = keysOf(new Secret(readFileSync(`${file}.audit-key`, 'utf8')));
  const insert = (table: string, row: Record<string, string | number>) => {
    const names = Object.keys(row);
    const places = names.map(() => '?').join();
    return connection
      .prepare(`insert into ${table} (${names.join()}) values (${places})`)
      .run(...Object.values(row));
  };
  let head: Anchor = genesis;
  let post = 0;
  connection.exec('begin');
  for (let n = 0; n < promotions; n += 1) {
    const id = `p${n}`;
    const plan = pending(asked(id, n % 4 ? 'build-decision' : 'decision'), `v${n}`);
    const checkpoints = Array.from({ length: 160 }, () => 'ab'.repeat(32));
    const large = {
      ...plan,
      plan: { ...plan.plan, artifact: { ...plan.plan.artifact, checkpoints } },
    };
    const done = { ...reported(promoted(pushing(approved(large)))), version: changes };
    insert('promotion', {
      id,
      version: changes,
      state: done.state,
      image: done.ask.image,
      target: `t:${n}`,
      plan_hash: done.planHash,
      requester: done.requester,
      asked_at: at,
      expires: at,
      began: head.seq + 1,
      body: canonical(done),
    });
    for (let change = 0; change < changes; change += 1) {
      const event = chain({ ...eventOf('approved'), promotion: id, at }, head);
      const { signature: _, ...columns } = event;
      const signature = keys.signer?.sign(event.hash) ?? '';
      insert('event', { ...columns, promotion: id, data: canonical(event.data), signature });
      insert('inbox', { key: `${id} ${change}`, at });
      head = event;
    }
    for (let index = 0; index < postsEach; index += 1) {
      post += 1;
      insert('outbox', {
        id: post,
        promotion: id,
        kind: 'thread',
        key: `k${post}`,
        not_before: at,
        attempts: 1,
        sent_at: at,
      });
    }
  }
  connection.exec('commit');
  connection.close();
}
