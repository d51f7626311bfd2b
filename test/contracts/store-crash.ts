import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyLog } from '../../src/domain/audit.ts';
import { startChild } from '../helpers/store/child.ts';
import type { FreshDatabase } from '../helpers/store/fresh.ts';

/** Kills at random moments: the short form; the long one sets STORE_KILLS. */
const kills = Number(process.env['STORE_KILLS'] ?? 6);

/** What is in the database after the process that wrote it was killed: every change whole or not at all. */
export function crashContract(name: string, fresh: () => Promise<FreshDatabase>): void {
  describe(`${name}: killed`, () => {
    let database: FreshDatabase;

    beforeAll(async () => {
      database = await fresh();
    });

    afterAll(async () => {
      await database.remove();
    });

    it(`loses nothing and halves nothing, ${kills} times at random moments`, async () => {
      for (let n = 0; n < kills; n += 1) {
        const child = startChild('crashing.ts', '--url', database.url, '--name', `random${n}`);
        await child.line('open');
        const pause = Math.floor(Math.random() * 400);
        await sleep(pause);
        child.process.kill('SIGKILL');
        expect(await child.ended).toBe('SIGKILL');
        await expectWhole(child.lines.slice(1), `kill ${n}, ${pause} ms after the start`);
      }
    });

    it.each([1, 2, 3])('keeps nothing of transaction %i when killed within it', async (n) => {
      const id = `within${n}`;
      const child = startChild(
        'crashing.ts',
        '--url',
        database.url,
        '--name',
        id,
        '--within',
        `${n}`,
      );
      expect(await child.ended).toBe('SIGKILL');
      expect(child.lines).toHaveLength(n);
      await expectWhole(child.lines.slice(1), id);
      expect(await versionOf(`${id}-0`)).toBe(n - 1);
    });

    it.each([1, 2, 3])('keeps all of transaction %i when killed right after it', async (n) => {
      const id = `after${n}`;
      const child = startChild(
        'crashing.ts',
        '--url',
        database.url,
        '--name',
        id,
        '--after',
        `${n}`,
      );
      expect(await child.ended).toBe('SIGKILL');
      await expectWhole(child.lines.slice(1), id);
      expect(await versionOf(`${id}-0`)).toBe(n);
    });

    async function versionOf(id: string): Promise<number> {
      const [version = '0'] = await database.sql(
        `select version from promotion where id = '${id}'`,
      );
      return Number(version);
    }

    async function expectWhole(committed: readonly string[], when: string): Promise<void> {
      const store = await database.open({ now: () => new Date() });
      try {
        expect(await verifyLog(store.events()), when).toMatchObject({ ok: true });
        const events = await Array.fromAsync(store.events());
        const changes = Map.groupBy(events, ({ promotion }) => promotion);
        for (const line of committed) {
          const [id = '', version, seq] = line.split(' ');
          expect((await store.get(id))?.version, when).toBeGreaterThanOrEqual(Number(version));
          expect(events[Number(seq) - 1], when).toMatchObject({ promotion: id });
        }
        const count = async (text: string) => Number((await database.sql(text))[0]);
        const kinds = (kind: string) => events.filter((event) => event.kind === kind).length;
        expect(await count('select count(*) from promotion'), when).toBe(changes.size);
        expect(await count('select coalesce(sum(version), 0) from promotion'), when).toBe(
          events.length,
        );
        expect(await count('select count(*) from decision'), when).toBe(kinds('approved'));
        expect(await count('select count(*) from inbox'), when).toBe(
          kinds('asked') + kinds('approved'),
        );
        expect(await count('select count(*) from outbox'), when).toBe(
          events.length + kinds('pending'),
        );
      } finally {
        await store.close();
      }
    }
  });
}
