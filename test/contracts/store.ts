import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { genesis, verifyLog } from '../../src/domain/audit.ts';
import { signatureCheck } from '../../src/domain/audit-signatures.ts';
import { refuse } from '../../src/domain/errors.ts';
import type { Store } from '../../src/store-port.ts';
import type { ChainedEvent } from '../../src/domain/event.ts';
import type { Approved, Asked, Pending, Promotion } from '../../src/domain/states.ts';
import { migrations } from '../../src/store/migrations.ts';
import type { FreshDatabase } from '../helpers/store/fresh.ts';
import {
  approvalOf,
  approved,
  asked,
  at,
  card,
  digest,
  eventOf,
  pending,
  promoted,
  pushing,
  rejected,
  reported,
  slot,
  thread,
} from '../../local/rig/promotions.ts';

/** What every store does, whatever database is under it. */
export function storeContract(name: string, fresh: () => Promise<FreshDatabase>): void {
  let database: FreshDatabase;
  let store: Store;
  let time = Date.parse(at);
  const now = () => new Date(time);

  beforeEach(async () => {
    time = Date.parse(at);
    database = await fresh();
    store = await database.open({ now });
  });

  afterEach(async () => {
    await store.close();
    await database.remove();
  });

  async function reopen(): Promise<void> {
    await store.close();
    store = await database.open({ now });
  }

  async function events(filter?: { promotion: string }): Promise<ChainedEvent[]> {
    return await Array.fromAsync(store.events(filter));
  }

  async function create(to: Asked): Promise<Asked> {
    return (await made(store.create({ to, event: eventOf('asked') }))) as Asked;
  }

  async function change<P extends Promotion>(from: Promotion, to: P): Promise<P> {
    return (await made(store.change({ from, to, event: eventOf(to.state) }))) as P;
  }

  async function createPending(id: string, tag = 'v1'): Promise<Pending> {
    const first = await create(asked(id));
    return await change(first, pending(first, tag));
  }

  it(`${name}: takes something on trial and keeps nothing of it`, async () => {
    await store.probe();
    await store.probe();
    expect(await database.sql('select count(*) from inbox')).toEqual(['0']);
    expect(await events()).toEqual([]);
  });

  it(`${name}: knows how many posts wait`, async () => {
    expect(await store.outbox.waiting()).toBe(0);
    await store.note({ event: eventOf('noted'), posts: () => [thread('a'), thread('b')] });
    expect(await store.outbox.waiting()).toBe(2);
    for (const { id } of await store.outbox.due(now()))
      await store.outbox.sent(id, { channel: 'C', ts: '1' });
    expect(await store.outbox.waiting()).toBe(0);
  });

  describe(`${name}: promotions`, () => {
    it('keeps a promotion as it was given, with a version that grows', async () => {
      const first = await create(asked('p1'));
      expect(first).toEqual({ ...asked('p1'), version: 1 });
      const second = await change(first, pending(first));
      expect(second.version).toBe(2);
      await reopen();
      expect(await store.get('p1')).toEqual(JSON.parse(JSON.stringify(second)));
      expect(await store.get('p2')).toBeUndefined();
    });

    it('refuses what was decided on an older version, and leaves no trace of it', async () => {
      const first = await create(asked('p1'));
      await change(first, pending(first));
      const late = { from: first, to: pending(first, 'v2'), event: eventOf('pending') };
      expect(await store.change({ ...late, envelope: 'e1', posts: () => [card('late')] })).toEqual({
        outcome: 'stale',
      });
      expect(await store.get('p1')).toMatchObject({ version: 2, plan: { target: { tag: 'v1' } } });
      expect(await events()).toHaveLength(2);
      expect(await store.outbox.due(now())).toEqual([]);
      // The same delivery may be decided again.
      expect(await store.note({ event: eventOf('again'), envelope: 'e1' })).toMatchObject({
        outcome: 'noted',
      });
    });

    it.each([
      ['another state', (from: Pending) => approved(from)],
      ['another plan', (from: Pending) => ({ ...from, planHash: digest })],
      ['no plan', (from: Pending) => ({ ...asked('p1'), version: from.version })],
    ])('refuses what was decided on the same version but %s', async (_, forge) => {
      const from = await createPending('p1');
      const forged = { from: forge(from), to: approved(from), event: eventOf('approved') };
      expect(await store.change(forged)).toEqual({ outcome: 'stale' });
    });

    it('refuses to change one promotion on the strength of another', async () => {
      const [one, other] = [await create(asked('p1')), await create(asked('p2'))];
      const change_ = { from: one, to: pending(other), event: eventOf('pending') };
      expect(await store.change(change_)).toEqual({ outcome: 'stale' });
    });

    it('refuses a new promotion under an id that is taken, and a change of one that never was', async () => {
      await create(asked('p1'));
      const again = { to: asked('p1'), event: eventOf('asked') };
      expect(await store.create(again)).toEqual({ outcome: 'stale' });
      const from = asked('p2');
      const change_ = { from, to: pending(from), event: eventOf('pending') };
      expect(await store.change(change_)).toEqual({ outcome: 'stale' });
    });

    it('takes a delivery once, before and after a restart', async () => {
      const creation = { to: asked('p1'), event: eventOf('asked'), envelope: 'e1' };
      const first = (await made(store.create(creation))) as Asked;
      expect(await store.create({ ...creation, to: asked('p2') })).toEqual({
        outcome: 'duplicate',
      });
      await reopen();
      const to = pending(first);
      const second = { from: first, to, event: eventOf('pending'), envelope: 'e1' };
      expect(await store.change(second)).toEqual({ outcome: 'duplicate' });
      expect(await store.note({ event: eventOf('note'), envelope: 'e1' })).toEqual({
        outcome: 'duplicate',
      });
      expect(await events()).toHaveLength(1);
      expect(await store.get('p2')).toBeUndefined();
    });

    it('lets one of many approvals at once win', async () => {
      const from = await createPending('p1');
      const outcomes = await Promise.all(
        Array.from({ length: 25 }, (_, n) =>
          store.change({
            from,
            to: approved(from, `U${n}`),
            event: eventOf('approved', `U${n}`),
            envelope: `e${n}`,
            posts: () => [thread(`U${n}`)],
          }),
        ),
      );
      expect(outcomes.filter(({ outcome }) => outcome === 'changed')).toHaveLength(1);
      expect(outcomes.filter(({ outcome }) => outcome === 'stale')).toHaveLength(24);
      const stored = (await store.get('p1')) as Approved;
      expect(stored.approvals).toHaveLength(1);
      expect(await events({ promotion: 'p1' })).toHaveLength(3);
      const [post] = await store.outbox.due(now());
      expect(post?.post).toEqual(thread(stored.approvals[0]!.user));
    });

    it('lets one of many deliveries of the same envelope through', async () => {
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          store.create({ to: asked(`p${n}`), event: eventOf('asked'), envelope: 'same' }),
        ),
      );
      expect(outcomes.filter(({ outcome }) => outcome === 'changed')).toHaveLength(1);
      expect(await store.list({})).toHaveLength(1);
    });
  });

  describe(`${name}: one promotion in flight for a target`, () => {
    it('tells the second one who holds it, until the first has ended', async () => {
      const holder = await createPending('p1');
      const second = await create(asked('p2'));
      const attempt = { from: second, to: pending(second), event: eventOf('pending') };
      expect(await store.change(attempt)).toEqual({ outcome: 'busy', holder: 'p1' });
      expect(await store.get('p2')).toEqual(second);

      const pushed = await change(holder, approved(holder)).then((it_) =>
        change(it_, pushing(it_)),
      );
      expect(await store.change(attempt)).toEqual({ outcome: 'busy', holder: 'p1' });
      const landed = await change(pushed, promoted(pushed));
      expect(await store.change(attempt)).toEqual({ outcome: 'busy', holder: 'p1' });
      await change(landed, reported(landed));
      expect(await store.change(attempt)).toMatchObject({ outcome: 'changed' });
    });

    it('lets other tags and other images be', async () => {
      await createPending('p1', 'v1');
      await createPending('p2', 'v2');
      const other = await create(asked('p3', 'decision'));
      await change(other, pending(other, 'v1'));
      expect(await store.list({ states: ['pending'] })).toHaveLength(3);
    });

    it('lets one of several that become pending at once have it', async () => {
      const askeds = await Promise.all(
        Array.from({ length: 10 }, (_, n) => create(asked(`p${n}`))),
      );
      const outcomes = await Promise.all(
        askeds.map((from) => store.change({ from, to: pending(from), event: eventOf('pending') })),
      );
      expect(outcomes.filter(({ outcome }) => outcome === 'changed')).toHaveLength(1);
      expect(outcomes.filter(({ outcome }) => outcome === 'busy')).toHaveLength(9);
    });
  });

  describe(`${name}: all or nothing`, () => {
    async function nothingStayed(before: Promotion): Promise<void> {
      expect(await store.get(before.id)).toEqual(before);
      expect(await events()).toHaveLength(before.version);
      expect(await store.outbox.due(now())).toEqual([]);
      expect(await store.note({ event: eventOf('note'), envelope: 'e1' })).toMatchObject({
        outcome: 'noted',
      });
    }

    it('keeps nothing of a change whose posts cannot be made', async () => {
      const from = await createPending('p1');
      const posts = () => {
        throw new RangeError('no words');
      };
      const attempt = store.change({
        from,
        to: approved(from),
        event: eventOf('approved'),
        envelope: 'e1',
        posts,
      });
      await expect(attempt).rejects.toThrow(new RangeError('no words'));
      await nothingStayed(from);
    });

    it('keeps nothing of a change in which a person counts twice', async () => {
      const from = await createPending('p1');
      const twice = [approvalOf(from, 'U2'), { ...approvalOf(from, 'U2'), user: 'U9' }];
      const attempt = store.change({
        from,
        to: { ...approved(from), approvals: twice },
        event: eventOf('approved'),
        envelope: 'e1',
        posts: () => [thread('approved')],
      });
      await expect(attempt).rejects.toMatchObject({ reason: 'database-failed' });
      await nothingStayed(from);
    });

    it.each([
      ['again', '2026-11-23T09:00:00.000Z'],
      ['twice in the same moment', at],
    ])('keeps nothing of a change that counts a person %s', async (_, when) => {
      const from = await createPending('p1');
      const first = await change(from, { ...from, approvals: [approvalOf(from, 'U2')] });
      const second = { ...approvalOf(from, 'U2'), at: when };
      const attempt = store.change({
        from: first,
        to: { ...approved(from), approvals: [...first.approvals, second] },
        event: eventOf('approved'),
        envelope: 'e1',
      });
      await expect(attempt).rejects.toMatchObject({ reason: 'database-failed' });
      await nothingStayed(JSON.parse(JSON.stringify(first)) as Promotion);
    });

    it('lets a person who approved reject, and several persons approve', async () => {
      const from = await createPending('p1');
      const one = await change(from, { ...from, approvals: [approvalOf(from, 'U2')] });
      const two = await change(one, {
        ...one,
        approvals: [...one.approvals, approvalOf(from, 'U3')],
      });
      await change(two, rejected(two, 'U2'));
      expect(await store.get('p1')).toMatchObject({ state: 'rejected', by: 'U2' });
    });
  });

  describe(`${name}: the audit log`, () => {
    it('has an event for each change and each note, chained, with the time of the store', async () => {
      const first = await made(
        store.create({ to: asked('p1'), event: eventOf('asked', 'U00000001') }),
      );
      time += 1_000;
      await store.note({ event: eventOf('refused', 'U00000009'), promotion: 'p1' });
      await store.note({ event: { kind: 'started', actor: 'bot', data: { version: 1 } } });
      expect(first.version).toBe(1);
      const log = await events();
      expect(
        log.map(({ seq, kind, actor, promotion, at: when }) => [seq, kind, actor, promotion, when]),
      ).toEqual([
        [1, 'asked', 'U00000001', 'p1', at],
        [2, 'refused', 'U00000009', 'p1', '2026-11-23T08:00:01.000Z'],
        [3, 'started', 'bot', undefined, '2026-11-23T08:00:01.000Z'],
      ]);
      expect(log[0]!.previous).toBe(genesis.hash);
      expect(await verifyLog(store.events())).toMatchObject({ ok: true, events: 3 });
      expect(await events({ promotion: 'p1' })).toEqual(log.slice(0, 2));
    });

    it('gives the anchor of the very event to its posts and to whoever changed it', async () => {
      let seen: unknown;
      const change_ = await store.create({
        to: asked('p1'),
        event: eventOf('asked'),
        posts: (anchor) => {
          seen = anchor;
          return [];
        },
      });
      const [{ seq, hash }] = (await events()) as [ChainedEvent];
      expect(change_).toMatchObject({ anchor: { seq, hash } });
      expect(seen).toEqual({ seq, hash });
    });

    it('stays one chain when many write at once', async () => {
      await Promise.all(
        Array.from({ length: 50 }, (_, n) => store.note({ event: eventOf(`note ${n}`) })),
      );
      expect(await verifyLog(store.events())).toMatchObject({ ok: true, events: 50 });
    });

    it('keeps awkward facts', async () => {
      const data = {
        nul: '\u0000',
        lone: '\ud800',
        deep: { '': [null, '\u2028'] },
        gone: undefined,
      };
      await store.note({ event: { kind: 'noted', actor: 'bot', data } });
      expect(await verifyLog(store.events())).toMatchObject({ ok: true, events: 1 });
      expect((await events())[0]!.data).toEqual({
        nul: '\u0000',
        lone: '\ud800',
        deep: { '': [null, '\u2028'] },
      });
    });

    it('is read whole, however long', async () => {
      for (let n = 0; n < 600; n += 100) {
        await Promise.all(
          Array.from({ length: 100 }, (_, m) => store.note({ event: eventOf(`${n + m}`) })),
        );
      }
      expect((await events()).map(({ seq }) => seq)).toEqual(
        Array.from({ length: 600 }, (_, n) => n + 1),
      );
    });

    it('cannot be changed by a slip', async () => {
      await store.note({ event: eventOf('noted') });
      await expect(database.sql(`update event set actor = 'U9'`)).rejects.toThrow();
      await expect(database.sql(`delete from event`)).rejects.toThrow();
    });
  });

  describe(`${name}: lists`, () => {
    it('has the newest first, by state and image, fifty unless told', async () => {
      for (let n = 0; n < 60; n += 1) {
        const one = await create(asked(`p${n}`, n % 2 ? 'decision' : 'build-decision'));
        if (n % 3 === 0) await change(one, pending(one, `v${n}`));
      }
      const ids = async (filter: Parameters<Store['list']>[0]) =>
        (await store.list(filter)).map(({ id }) => id);
      const all = Array.from({ length: 60 }, (_, n) => 59 - n);
      const named = (wanted: (n: number) => boolean) => all.filter(wanted).map((n) => `p${n}`);
      expect(await ids({})).toEqual(named(() => true).slice(0, 50));
      expect(await ids({ limit: 60 })).toEqual(named(() => true));
      expect(await ids({ states: ['pending'] })).toEqual(named((n) => n % 3 === 0));
      expect(await ids({ states: ['pending', 'asked'], limit: 3 })).toEqual(['p59', 'p58', 'p57']);
      expect(await ids({ image: 'decision', states: ['pending'] })).toEqual(
        named((n) => n % 3 === 0 && n % 2 === 1),
      );
      expect(await ids({ states: [] })).toEqual([]);
    });
  });

  describe(`${name}: what is due`, () => {
    it('is every one with work, oldest first, and every one whose time is over', async () => {
      const first = await create(asked('p1'));
      await create(asked('p2'));
      const third = await createPending('p3', 'v3');
      await createPending('p4', 'v4');
      expect(await store.due(new Date(time))).toEqual({ working: ['p1', 'p2'], overdue: [] });
      await change(first, { ...pending(first, 'v1'), expires: third.expires });
      const over = new Date(Date.parse(third.expires));
      expect(await store.due(new Date(over.getTime() - 1))).toEqual({
        working: ['p2'],
        overdue: [],
      });
      expect(await store.due(over)).toEqual({ working: ['p2'], overdue: ['p1', 'p3', 'p4'] });
      await change(third, approved(third));
      expect(await store.due(over)).toEqual({ working: ['p2', 'p3'], overdue: ['p1', 'p4'] });
    });

    it('leaves nobody out, however many there are', async () => {
      const ids = Array.from({ length: 1_010 }, (_, n) => `p${n}`);
      await Promise.all(ids.map((id) => create(asked(id))));
      expect((await store.due(now())).working.toSorted()).toEqual(ids.toSorted());
    });

    it('is counted by state', async () => {
      await create(asked('p1'));
      await createPending('p2', 'v2');
      await createPending('p3', 'v3');
      const counts = await store.count(['asked', 'pending', 'failed']);
      expect(Object.fromEntries(counts)).toEqual({ asked: 1, pending: 2 });
    });
  });

  describe(`${name}: room for new promotions`, () => {
    const room = { person: 3, all: 5 };
    const ask = (id: string, requester: string) =>
      store.create({
        to: { ...asked(id), requester },
        event: eventOf('asked'),
        envelope: `ask ${id}`,
        room,
      });

    it('is never overrun, however many come at once; who is refused leaves nothing behind', async () => {
      const many = Array.from({ length: 12 }, (_, n) => ask(`p${n}`, 'U1'));
      const outcomes = (await Promise.all(many)).map(({ outcome }) => outcome);
      expect(outcomes.filter((outcome) => outcome === 'changed')).toHaveLength(3);
      expect(await ask('p99', 'U1')).toEqual({ outcome: 'full', of: 'person', count: 3 });
      expect(await events()).toHaveLength(3);
      expect(await store.list({})).toHaveLength(3);
    });

    it('is each person’s own, and everybody’s together', async () => {
      for (const n of [1, 2, 3]) await ask(`p${n}`, 'U1');
      expect(await ask('p4', 'U2')).toMatchObject({ outcome: 'changed' });
      expect(await ask('p5', 'U3')).toMatchObject({ outcome: 'changed' });
      expect(await ask('p6', 'U4')).toEqual({ outcome: 'full', of: 'all', count: 5 });
    });

    it('is there again when one has ended, and a delivery that was taken is not refused', async () => {
      for (const n of [1, 2, 3]) await ask(`p${n}`, 'U1');
      expect(await ask('p3', 'U1')).toEqual({ outcome: 'duplicate' });
      const first = (await store.get('p1')) as Asked;
      await change(first, { ...first, state: 'withdrawn', endedAt: at });
      expect(await ask('p4', 'U1')).toMatchObject({ outcome: 'changed' });
    });
  });

  describe(`${name}: holding a promotion`, () => {
    it('is for one at a time, and ends with the work', async () => {
      const inner = await store.hold('p1', async (signal) => {
        expect(signal.aborted).toBe(false);
        return [
          await store.hold('p1', async () => 'second'),
          await store.hold('p2', async () => 'other'),
        ];
      });
      expect(inner).toEqual([undefined, 'other']);
      expect(await store.hold('p1', async () => 'again')).toBe('again');
    });

    it('ends with work that fails', async () => {
      const failing = store.hold('p1', async () => {
        throw new RangeError('no');
      });
      await expect(failing).rejects.toThrow(new RangeError('no'));
      expect(await store.hold('p1', async () => 'again')).toBe('again');
    });
  });

  describe(`${name}: telling of changes`, () => {
    it('calls back after each change, not after none, and stops when told', async () => {
      let calls = 0;
      const stop = store.onChange(() => {
        calls += 1;
      });
      const first = await create(asked('p1'));
      await store.note({ event: eventOf('noted'), envelope: 'e1' });
      await tick();
      expect(calls).toBe(2);
      await store.note({ event: eventOf('noted'), envelope: 'e1' });
      await store.change({ from: asked('p1'), to: pending(first), event: eventOf('pending') });
      await tick();
      expect(calls).toBe(2);
      await store.outbox.add('p1', () => thread('progress'));
      await tick();
      expect(calls).toBe(3);
      stop();
      await store.note({ event: eventOf('noted') });
      await tick();
      expect(calls).toBe(3);
    });
  });

  outboxContract();
  ledgerContract();

  function outboxContract(): void {
    const texts = async (when = now()) =>
      (await store.outbox.due(when)).map(({ post }) => post.message.text);
    const place = { channel: 'C1', ts: '1.1' };

    async function post(promotion: string | undefined, ...posts: ReturnType<typeof card>[]) {
      await store.note({ event: eventOf('posted'), promotion, posts: () => posts });
    }

    describe(`${name}: the outbox`, () => {
      it('gives the oldest post of each promotion, and every post of none', async () => {
        await post('p1', thread('a1'), thread('a2'));
        await post('p2', thread('b1'), thread('b2'));
        await post(undefined, thread('x'), thread('y'));
        const due = await store.outbox.due(now());
        expect(due.map((it_) => it_.post.message.text).toSorted()).toEqual(['a1', 'b1', 'x', 'y']);
        expect(await texts()).toEqual([]);
        const [first] = due.filter(({ promotion }) => promotion === 'p1');
        await store.outbox.sent(first!.id, place);
        expect(await texts()).toEqual(['a2']);
      });

      it('gives posts in the order in which they were written, one transaction after the other', async () => {
        await post('p1', thread('1'), thread('2'));
        await store.outbox.add('p1', () => thread('3'));
        await post('p1', thread('4'));
        const order: string[] = [];
        for (;;) {
          const [next] = await store.outbox.due(now());
          if (!next) break;
          order.push(next.post.message.text);
          await store.outbox.sent(next.id, place);
        }
        expect(order).toEqual(['1', '2', '3', '4']);
      });

      it('waits as long as it was told, and keeps the rest of the promotion waiting', async () => {
        await post('p1', thread('a1'), thread('a2'));
        const [first] = await store.outbox.due(now());
        await store.outbox.later(first!.id, new Date(time + 5_000));
        expect(await texts()).toEqual([]);
        expect(await store.outbox.next()).toEqual(new Date(time + 5_000));
        time += 5_000;
        expect(await texts()).toEqual(['a1']);
      });

      it('counts attempts from before the post, and keeps the key', async () => {
        await post('p1', thread('a'));
        const [first] = await store.outbox.due(now());
        expect(first).toMatchObject({ attempts: 0 });
        // As if the process had died between Slack's answer and its being written down.
        await reopen();
        const [again] = await store.outbox.due(now());
        expect(again).toMatchObject({ id: first!.id, key: first!.key, attempts: 1 });
      });

      it('gives out a post again when its sender has been silent for long', async () => {
        await post('p1', thread('a'));
        await store.outbox.due(now());
        const next = (await store.outbox.next())!;
        expect(next.getTime() - time).toBeLessThanOrEqual(30_000);
        expect(await texts(new Date(next.getTime() - 1))).toEqual([]);
        expect(await texts(next)).toEqual(['a']);
      });

      it('has a key of its own for each post', async () => {
        await post('p1', thread('same'));
        await post('p2', thread('same'), thread('same'));
        await post(undefined, thread('same'), thread('same'));
        const keys = (await store.outbox.due(now())).map(({ key }) => key);
        expect(new Set(keys).size).toBe(4);
      });

      it('knows where the card is from the moment that Slack has it', async () => {
        await create(asked('p1'));
        await post('p1', card('card'), thread('in the thread'), card('card again'));
        const [first] = await store.outbox.due(now());
        expect(first!.card).toBeUndefined();
        expect(await store.card('p1')).toBeUndefined();
        await store.outbox.sent(first!.id, place);
        expect(await store.card('p1')).toEqual(place);
        const [second] = await store.outbox.due(now());
        expect(second!.card).toEqual(place);
        await store.outbox.sent(second!.id, { channel: 'C1', ts: '2.2' });
        expect(await store.card('p1')).toEqual(place);
        await reopen();
        expect(await store.card('p1')).toEqual(place);
        expect(await store.card('p2')).toBeUndefined();
        // Where the card is says nothing about the promotion: its version stays.
        expect(await store.get('p1')).toMatchObject({ version: 1 });
      });

      it('drops what a newer post for the same place has overtaken', async () => {
        await post('p1', slot('1 %'), thread('between'));
        await store.outbox.add('p1', () => slot('2 %'));
        await store.outbox.add('p1', () => slot('other place', 'other'));
        await store.outbox.add('p1', () => slot('3 %'));
        await store.outbox.add('p2', () => slot('another promotion'));
        const order: string[] = [];
        for (;;) {
          const due = await store.outbox.due(now());
          if (due.length === 0) break;
          for (const { id, post: sent, slot: where } of due) {
            order.push(sent.message.text);
            expect(where).toBeUndefined();
            await store.outbox.sent(id, place);
          }
        }
        expect(order.toSorted()).toEqual(['3 %', 'another promotion', 'between', 'other place']);
        expect(order.indexOf('between')).toBeLessThan(order.indexOf('3 %'));
      });

      it('updates the message that the last post for the same place became', async () => {
        await post('p1', slot('1 %'));
        const [first] = await store.outbox.due(now());
        // Under way: Slack may have it, so it is not dropped.
        await store.outbox.add('p1', () => slot('2 %'));
        await store.outbox.sent(first!.id, { channel: 'C1', ts: '7.7' });
        const [second] = await store.outbox.due(now());
        expect(second).toMatchObject({
          post: slot('2 %'),
          slot: { channel: 'C1', ts: '7.7' },
        });
      });

      it('renders progress with the end of the log', async () => {
        const seen: unknown[] = [];
        const render = (head: unknown) => {
          seen.push(head);
          return thread('progress');
        };
        await store.outbox.add('p1', render);
        const noted = await store.note({ event: eventOf('noted') });
        await store.outbox.add('p1', render);
        expect(seen).toEqual([genesis, 'anchor' in noted ? noted.anchor : undefined]);
        expect(await events()).toHaveLength(1);
      });

      it('says when the next post comes due', async () => {
        expect(await store.outbox.next()).toBeUndefined();
        await post('p1', thread('a'));
        expect(await store.outbox.next()).toEqual(now());
        await post('p2', thread('b'));
        const due = await store.outbox.due(now());
        await store.outbox.later(due[0]!.id, new Date(time + 9_000));
        await store.outbox.later(due[1]!.id, new Date(time + 3_000));
        expect(await store.outbox.next()).toEqual(new Date(time + 3_000));
        await store.outbox.sent(due[0]!.id, place);
        await store.outbox.sent(due[1]!.id, place);
        expect(await store.outbox.next()).toBeUndefined();
      });

      it('takes it that a post is sent twice, and then stays sent', async () => {
        await post('p1', thread('a'));
        const [first] = await store.outbox.due(now());
        await store.outbox.sent(first!.id, place);
        await store.outbox.sent(first!.id, { channel: 'C1', ts: '9.9' });
        await store.outbox.later(first!.id, now());
        expect(await texts(new Date(time + 60_000))).toEqual([]);
      });
    });
  }

  function ledgerContract(): void {
    const layer = (n: number, repository = 'a/b') => ({
      diffId: `sha256:${String(n).padStart(64, '0')}` as typeof digest,
      digest,
      size: 5_000_000_000 + n,
      repository,
    });

    describe(`${name}: the ledger of layers`, () => {
      it('finds what was published, wherever it is, and nothing else', async () => {
        expect(await store.ledger.find([layer(1).diffId])).toEqual([]);
        await store.ledger.add([layer(1), layer(2), layer(1, 'c/d')]);
        await store.ledger.add([layer(1), layer(3)]);
        await store.ledger.add([]);
        await reopen();
        const found = await store.ledger.find([layer(1).diffId, layer(1).diffId, layer(9).diffId]);
        expect(found.toSorted((a, b) => (a.repository < b.repository ? -1 : 1))).toEqual([
          layer(1),
          layer(1, 'c/d'),
        ]);
        expect(await store.ledger.find([])).toEqual([]);
      });

      it('takes more layers at once than a statement holds', async () => {
        const many = Array.from({ length: 1_200 }, (_, n) => layer(n));
        await store.ledger.add(many);
        expect(await store.ledger.find(many.map(({ diffId }) => diffId))).toHaveLength(1_200);
      });
    });
  }

  describe(`${name}: who waits for a target`, () => {
    it('is found until told that it is free', async () => {
      const first = await create(asked('p1'));
      const refusal = refuse('target-busy', { target: 't:1', holder: 'p0' });
      await change(first, { ...first, state: 'refused', refusal, endedAt: at });
      expect(await waiting()).toEqual(['p1']);
      const event = { kind: 'target-free', actor: 'bot', data: {} };
      await store.note({ promotion: 'p1', envelope: 'free', endsWait: true, event });
      expect(await waiting()).toEqual([]);
    });

    async function waiting() {
      const found = await store.list({ waitsFor: 'p0' });
      expect(await store.list({ waitsFor: 'anybody' })).toEqual(found);
      return found.map(({ id }) => id);
    }
  });

  describe(`${name}: the schema`, () => {
    it('is refused where a newer program made it', async () => {
      await store.close();
      await database.sql('update schema_version set version = 99');
      await expect(database.open({ now })).rejects.toMatchObject({ reason: 'database-newer' });
      await expect(database.open({ now, access: 'read' })).rejects.toMatchObject({
        reason: 'database-newer',
      });
      await database.sql(`update schema_version set version = ${migrations.length}`);
      store = await database.open({ now });
    });

    it('of the first version is brought up to date: who waits for a target still is found', async () => {
      const first = await create(asked('p1'));
      const refusal = refuse('target-busy', { target: 't:1', holder: 'p0' });
      await change(first, { ...first, state: 'refused', refusal, endedAt: at });
      const second = await create(asked('p2'));
      const other = refuse('unknown-promotion', { id: 'p0' });
      await change(second, { ...second, state: 'refused', refusal: other, endedAt: at });
      await store.close();
      for (const index of ['waiting', 'expiring', 'by_requester', 'by_image_and_state']) {
        await database.sql(`drop index promotion_${index}`);
      }
      await database.sql('drop index event_by_kind');
      await database.sql('alter table promotion drop column waits_for');
      await database.sql('create index promotion_by_image on promotion (image, began)');
      await database.sql('alter table event drop column signature');
      await database.sql('alter table layer drop column mac');
      await database.sql('update schema_version set version = 1');
      store = await database.open({ now });
      expect((await store.list({ waitsFor: 'p0' })).map(({ id }) => id)).toEqual(['p1']);
      // And its log goes on, signed from there on.
      await create(asked('p3'));
      expect(await verifyLog(store.events(), [], [signatureCheck(store.keys!)])).toMatchObject({
        ok: true,
        events: 6,
        notes: ['events 1 to 4 were written before events were signed'],
      });
    });

    it('is refused to readers where it is older, or not there', async () => {
      await database.sql('update schema_version set version = 0');
      await expect(database.open({ now, access: 'read' })).rejects.toMatchObject({
        reason: 'database-older',
      });
      await database.sql('drop table schema_version');
      await expect(database.open({ now, access: 'read' })).rejects.toMatchObject({
        reason: 'database-empty',
      });
    });
  });

  describe(`${name}: a reader`, () => {
    it('sees what the running bot writes, and can write nothing', async () => {
      await createPending('p1');
      const reader = await database.open({ now, access: 'read' });
      await createPending('p2', 'v2');
      expect(await reader.list({})).toHaveLength(2);
      expect(await verifyLog(reader.events())).toMatchObject({ ok: true, events: 4 });
      const attempt = reader.note({ event: eventOf('noted') });
      await expect(attempt).rejects.toMatchObject({ reason: 'database-failed' });
      await reader.close();
      expect(await events()).toHaveLength(4);
    });
  });
}

async function made(changed: ReturnType<Store['create']>): Promise<Promotion> {
  const result = await changed;
  if (result.outcome !== 'changed') throw new Error(`expected a change, got ${result.outcome}`);
  return result.promotion;
}

async function tick(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
