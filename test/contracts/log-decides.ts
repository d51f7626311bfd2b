import { execa } from 'execa';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { canonical, canonicalHash } from '../../src/domain/canonical.ts';
import type { Plan } from '../../src/domain/plan.ts';
import type { Promotion } from '../../src/domain/states.ts';
import { reads } from '../helpers/scenarios/reading.ts';
import { childEnvironment } from '../../local/rig/child.ts';
import { people } from '../../local/rig/people.ts';
import type { Scenarios, World } from '../helpers/scenarios/world.ts';
import { eventsOf, rewritten, write, type Sql } from '../helpers/verbs/tampering.ts';

/** A database that somebody else than the bot can get at. */
export interface Reachable {
  readonly url: string;
  /** Runs work on it while the bot is away; `unlocked`: without the triggers that guard the log. */
  readonly reach: (work: (sql: Sql) => Promise<void>) => Promise<void>;
  /** Copies the whole of it, and puts the copy in its place. The bot is away. */
  readonly backUp: () => Promise<void>;
  readonly restore: () => Promise<void>;
  readonly remove: () => Promise<void>;
}

/** `audit …` as an operator runs it on the world’s database. */
async function cli({ url }: Reachable, world: World, ...args: readonly string[]) {
  const env = await childEnvironment(world.setup(), { DATABASE_URL: url });
  const options = { env, extendEnv: false, reject: false, cwd: world.folder } as const;
  return await execa(process.execPath, [program, 'audit', ...args], options);
}

const program = join(import.meta.dirname, '../../src/cli.ts');

interface Row {
  readonly state: string;
  readonly planHash: string;
  readonly approvals: readonly object[];
  readonly plan: Plan;
}

/** Who has the database has no more than that: what is published is what the log saw approved. */
export function logDecidesContract(
  name: string,
  given: { readonly on: Scenarios; readonly fresh: () => Promise<Reachable> },
): void {
  const { on, fresh } = given;
  // The worlds end before what they stand on does.
  const databases: Reachable[] = [];
  afterAll(() => Promise.all(databases.map((one) => one.remove())));

  async function proposed() {
    const reachable = await fresh();
    databases.push(reachable);
    const world = await on.start({ database: reachable.url });
    const { revision } = await on.outside.build('build-decision');
    await world.propose(people.alice, `build-decision ${revision}`);
    const { tags } = on.outside.registry.store.repository('mozillareleases/build-decision');
    /** Somebody rewrites the row while the bot is away. */
    const rewrite = async (change: (row: Row) => object) => {
      await world.stop();
      await reachable.reach(async (sql) => {
        const [found] = await sql('select id, body from promotion');
        const row = { ...JSON.parse(String(found?.['body'])) } as Row;
        const body = { ...row, ...change(row) } as Row & Promotion;
        await sql(
          'update promotion set state = ?, body = ?, plan_hash = ? where id = ?',
          body.state,
          canonical(body),
          body.planHash,
          String(found?.['id']),
        );
      });
      await world.run();
    };
    return { world, reachable, rewrite, isPublished: () => tags.has(revision) };
  }

  const yes = (planHash: string, user: string) => ({
    user,
    person: user,
    planHash,
    at: new Date().toISOString(),
  });

  async function expectRefused({ world, isPublished }: Awaited<ReturnType<typeof proposed>>) {
    world.expectsErrors = true;
    await world.until('refused');
    expect(await world.reasons()).toContain('log-disagrees');
    expect(await world.kinds()).not.toContain('decrypting');
    expect(isPublished()).toBe(false);
    expect(await world.problems()).toEqual([expect.stringMatching(/run audit verify/)]);
  }

  describe(`${name}: who has the database`, () => {
    it('makes up approvals in the row: nothing is decrypted, and it says so', async () => {
      const one = await proposed();
      await one.rewrite(({ planHash }) => ({
        state: 'approved',
        approvals: [yes(planHash, people.bob)],
      }));
      await expectRefused(one);
    });

    it('puts another plan under a true approval', async () => {
      const one = await proposed();
      one.world.hold();
      await one.world.click(people.bob, 'approve');
      await one.rewrite(({ plan, approvals }) => {
        const other = { ...plan, message: `${plan.message} and more` };
        const planHash = canonicalHash(other);
        return {
          plan: other,
          planHash,
          approvals: approvals.map((one_) => ({ ...one_, planHash })),
        };
      });
      await one.world.release();
      await expectRefused(one);
    });

    it('adds an approval to the log that fits it, but is not signed: the bot does not start', async () => {
      const { world, reachable } = await proposed();
      await world.stop();
      await reachable.reach(async (sql) => {
        const log = await eventsOf(sql);
        const more = log.at(-1);
        if (!more) throw new Error('no log');
        const [, forged] = rewritten([...log, { ...more, kind: 'approved' }]).slice(-2);
        if (forged) await write(sql, { ...forged, signature: more.signature });
      });
      await expect(world.run()).rejects.toMatchObject({ reason: /log-unsigned|audit-key-other/ });
    });
  });

  describe(`${name}: a database restored from an old backup`, () => {
    it('pushes nothing that was withdrawn since: the bot holds, says so, reads and answers', async () => {
      const { world, reachable, isPublished } = await proposed();
      world.expectsErrors = true;
      world.hold();
      await world.click(people.bob, 'approve');
      await world.stop();
      await reachable.backUp();
      await world.run();
      await world.click(people.alice, 'withdraw');
      await world.until('withdrawn');
      await world.stop();
      await reachable.restore();
      await world.run();
      await world.release();
      await held(world);

      expect((await world.store.list({}))[0]?.state).toBe('approved');
      expect(isPublished()).toBe(false);
      expect(await world.problems()).toEqual([expect.stringMatching(/The channel has seen event/)]);
      const told = () =>
        world.slack.messages().filter(({ text }) => text.includes('The channel has seen event'));
      expect(told()).toHaveLength(1);
      const { revision } = await on.outside.build('build-decision');
      expect(await said(world, `build-decision ${revision}`)).toMatch(
        /plans and publishes nothing/,
      );
      expect(await said(world, 'status')).toMatch(/Under way/);
      expect(await said(world, 'nonsense')).not.toMatch(/publishes nothing/);
      await world.stop();
      await world.run();
      await held(world);
      expect(told()).toHaveLength(1);

      await world.stop();
      const accepted = await cli(
        reachable,
        world,
        'accept-restore',
        '--by',
        'Dora',
        '--because',
        'the',
        'disk',
        'broke',
      );
      expect(accepted).toMatchObject({ exitCode: 0, stderr: '' });
      expect(accepted.stdout).toMatch(/Accepted by Dora: events? \d+.*missing; ended: p/);
      await world.run();
      await world.until('refused');
      expect(isPublished()).toBe(false);
      expect(await world.problems()).toEqual([]);
      const verified = await cli(reachable, world, 'verify');
      expect(verified.stdout).toMatch(
        /a restored database: events? \d+.*missing; accepted by Dora at .*, because the disk broke/,
      );
      // And goes on.
      await world.propose(people.alice, `build-decision ${revision}`);
      await world.click(people.bob, 'approve');
      await world.until('reported');
      const again = await cli(reachable, world, 'accept-restore', '--because', 'again');
      expect(again.exitCode).toBe(1);
    }, 90_000);
  });
}

/** The answer that the person alone sees. */
async function said(world: World, text: string): Promise<string> {
  await world.ask(people.carol, text);
  const answers = [...world.slack.parts.stage.workspace.ephemerals.values()];
  const last = answers.at(-1);
  return last ? reads(last) : '';
}

/** Until the bot has seen that the channel knows more. */
async function held(world: World): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!(await world.problems()).some((one) => one.startsWith('The channel has seen'))) {
    if (Date.now() > deadline) throw new Error('The bot does not hold');
    await sleep(50);
  }
}
