import { describe, expect, it } from 'vitest';
import { verifyLog, type Happened } from '../../src/domain/audit.ts';
import { newAuditKey } from '../../src/domain/audit-keys.ts';
import { replayCheck } from '../../src/domain/audit-replay.ts';
import { signatureCheck } from '../../src/domain/audit-signatures.ts';
import type { ChainedEvent } from '../../src/domain/event.ts';
import {
  castOf,
  historyOf,
  signedBy,
  tell,
  timeOf,
  writeLog,
  type Told,
} from '../helpers/audit-histories.ts';
import { randomFrom } from '../../local/rig/random.ts';
import { keysOf } from '../../local/rig/key.ts';
import { counted } from '../helpers/counts.ts';

const histories = Number(process.env['AUDIT_HISTORIES'] ?? counted(30, 100));
const seed = Number(process.env['AUDIT_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const keys = keysOf(newAuditKey());

async function problems(log: readonly ChainedEvent[], anchors: readonly ChainedEvent[] = []) {
  const verdict = await verifyLog(log, anchors, [signatureCheck(keys), replayCheck()]);
  return verdict.ok ? [] : verdict.problems;
}

/** What the state machine says by itself, of a log that is signed as it is. */
async function replayed(told: readonly Told[], more: { at?: string } = {}): Promise<string> {
  const history = told.map((one, n) => ({ ...one, promotion: 'p0', at: more.at ?? timeOf(n) }));
  const log = writeLog(history, () => 'signed');
  const verdict = await verifyLog(log, [], [replayCheck()]);
  return verdict.ok ? 'sound' : verdict.problems.join('\n');
}

const changes = {
  removed: (log, at) => log.toSpliced(at, 1),
  added: (log, at, random) => {
    const more = { ...log[Math.floor(random() * log.length)]!, at: log[at]!.at };
    return log.toSpliced(at, 0, more);
  },
  swapped: (log, at, random) => {
    const by = (at + 1 + Math.floor(random() * (log.length - 1))) % log.length;
    return log.with(at, log[by]!).with(by, log[at]!);
  },
  'by another author': (log, at) =>
    log.with(at, { ...log[at]!, actor: log[at]!.actor === 'bot' ? 'U0EVE0001' : 'U0ALICE99' }),
} as const satisfies Record<
  string,
  <T extends Happened>(log: readonly T[], at: number, random: () => number) => readonly T[]
>;

describe(`${histories} random histories`, () => {
  it('are sound as they were written, and none with one event changed, whoever makes the hashes fit', async () => {
    const random = randomFrom(seed);
    const found: Record<string, number> = {};
    for (let n = 0; n < histories; n += 1) {
      const history = historyOf(random);
      const log = writeLog(history, signedBy(keys));
      const seen = [log.at(-1)!];
      expect(await problems(log, seen), `seed ${seed}, history ${n}`).toEqual([]);
      for (const [name, change] of Object.entries(changes)) {
        const at = Math.floor(random() * log.length);
        const edited = change(log, at, random);
        // Who knows how chains them anew, and keeps the signatures, which are somebody else’s to make.
        const rechained = writeLog(
          change(history, at, random),
          (_, place) => log[place]?.signature,
        );
        for (const [how, tampered] of Object.entries({ edited, rechained })) {
          if (JSON.stringify(tampered) === JSON.stringify(log)) continue;
          // That the end was cut off only the channel knows.
          const isCut = name === 'removed' && at === log.length - 1;
          const said = await problems(tampered, isCut ? seen : []);
          expect([name, how, said.length > 0], `seed ${seed}, history ${n}, at ${at}`).toEqual([
            name,
            how,
            true,
          ]);
          found[`${name}, ${how}`] = (found[`${name}, ${how}`] ?? 0) + 1;
        }
      }
    }
    const counts = Object.entries(found).map(([what, count]) => `${count} ${what}`);
    console.log(`audit: seed ${seed}, ${histories} histories, all found: ${counts.join('; ')}`);
    expect(Object.keys(found)).toHaveLength(8);
  }, 600_000);

  it('without its signatures a log that was chained anew passes for sound, now and then', async () => {
    const random = randomFrom(seed);
    let missed = 0;
    for (let n = 0; n < 50; n += 1) {
      const history = historyOf(random);
      const forged = history.map((event) =>
        event.kind === 'rejected' ? { ...event, actor: 'U0EVE0001' } : event,
      );
      const verdict = await verifyLog(
        writeLog(forged, () => 'signed'),
        [],
        [replayCheck()],
      );
      if (verdict.ok) missed += 1;
    }
    expect(missed).toBeGreaterThan(0);
  });
});

describe('the state machine, also for who has the key', () => {
  const cast = {
    ...castOf(1, () => 0.9),
    approvers: ['U0BOB0001', 'U0CAROL01'],
    asker: 'U0ALICE01',
  };
  const [asked, proven, planned] = [tell.asked(cast), tell.proven(), tell.planned(cast)];
  const [bob, carol] = [tell.approved(cast, 0), tell.approved(cast, 1)];
  const push = [tell.pushing(), tell.decrypting(), tell.tagging(cast), tell.promoted(cast)];
  const whole = [asked, proven, planned, bob, carol, ...push, tell.reported()];

  it('lets a whole promotion pass', async () => {
    expect(await replayed(whole)).toBe('sound');
  });

  it.each(
    (['asked', 'planned', 'approved', 'pushing', 'decrypting', 'promoted'] as const).map((kind) => [
      kind,
    ]),
  )('misses a %s that was taken out', async (kind) => {
    const at = whole.findIndex((one) => one.kind === kind);
    expect(await replayed(whole.toSpliced(at, 1))).not.toBe('sound');
  });

  it('lets approvals count as the policy of their moment says', async () => {
    const counted = (told: Told, required: number, state: string): Told => ({
      ...told,
      data: { ...told.data, required, state },
    });
    const two = [counted(bob, 3, 'pending'), counted(carol, 2, 'approved')];
    expect(await replayed([asked, planned, ...two, ...push, tell.reported()])).toBe('sound');
  });

  const by = (told: Told, actor: string): Told => ({
    ...told,
    actor,
    data: {
      ...told.data,
      approval: { ...(told.data as { approval: object }).approval, user: actor, person: actor },
    },
  });

  it.each<[string, readonly Told[], RegExp]>([
    [
      'approved by who had asked',
      [asked, planned, by(bob, 'U0ALICE01')],
      /approved by U0ALICE01, who had asked/,
    ],
    [
      'approved twice by one',
      [asked, planned, bob, by(carol, 'U0BOB0001')],
      /approved twice by U0BOB0001/,
    ],
    [
      'approved in another’s name',
      [asked, planned, { ...bob, actor: 'U0EVE0001' }],
      /approved by U0EVE0001 in the name of U0BOB0001/,
    ],
    [
      'approved with one of two',
      [asked, planned, { ...bob, data: { ...bob.data, state: 'approved' } }],
      /approved with 1 of 2 approvals/,
    ],
    [
      'pushed with fewer than the plan asks for, as a later policy asks for fewer',
      [
        asked,
        planned,
        { ...bob, data: { ...bob.data, state: 'approved', required: 1 } },
        tell.pushing(),
      ],
      /pushed without its approvals/,
    ],
    [
      'another plan approved',
      [asked, planned, tell.approved({ ...cast, planHash: 'sha256:other' }, 0)],
      /another plan was approved/,
    ],
    [
      'approved by no rule',
      [asked, planned, { ...bob, data: { ...bob.data, approvers: undefined } }],
      /not by whom/,
    ],
    ['pushed while it waits', [asked, planned, bob, tell.pushing()], /pushing, but it was pending/],
    [
      'pushed after it was withdrawn',
      [...whole.slice(0, 5), tell.withdrawn(cast), tell.pushing()],
      /it was withdrawn/,
    ],
    [
      'withdrawn by somebody',
      [asked, planned, { ...tell.withdrawn(cast), actor: 'U0EVE0001' }],
      /withdrawn by U0EVE0001/,
    ],
    [
      'published without a push',
      [...whole.slice(0, 6), tell.promoted(cast)],
      /promoted without a push/,
    ],
    [
      'published as what no push put',
      [...whole.slice(0, 8), tell.promoted({ ...cast, digest: 'sha256:evil' })],
      /promoted as sha256:evil, which no push was about to put/,
    ],
    [
      'a push by a person',
      [...whole.slice(0, 5), { ...tell.pushing(), actor: 'U0EVE0001' }],
      /pushing by U0EVE0001/,
    ],
    ['an approval by the bot', [asked, planned, { ...bob, actor: 'bot' }], /approved by bot/],
    [
      'what went on after its end',
      [asked, planned, tell.rejected(), bob],
      /approved, but it was rejected/,
    ],
  ])('says what is wrong: %s', async (_, told, says) => {
    expect(await replayed(told)).toMatch(says);
  });

  it('knows that approvals expire', async () => {
    const late = '2026-12-02T08:00:00.000Z';
    expect(await replayed(whole, { at: late })).toMatch(/approved after it expired/);
  });
});
