import { chain, genesis, type Happened } from '../../src/domain/audit.ts';
import type { AuditKeys } from '../../src/domain/audit-keys.ts';
import { digestFromHex } from '../../src/domain/reference.ts';
import type { ChainedEvent } from '../../src/domain/event.ts';

/** Events of one promotion, without their promotion and time. */
export type Told = Omit<Happened, 'promotion' | 'at'>;

const begin = Date.parse('2026-11-30T08:00:00.000Z');
const expires = new Date(begin + 24 * 3_600_000).toISOString();

export function timeOf(n: number): string {
  return new Date(begin + n * 1000).toISOString();
}

/** Who plays a part in a story. */
export interface Cast {
  readonly asker: string;
  readonly approvers: readonly string[];
  readonly planHash: string;
  readonly digest: string;
}

/** What the bot writes at each step, as `moves.ts`, `decisions.ts` and `pushing.ts` do. */
export const tell = {
  asked: ({ asker }: Cast): Told => ({ kind: 'asked', actor: asker, data: { ask: {} } }),
  proven: (): Told => ({ kind: 'build-proven', actor: 'bot', data: { runId: 0 } }),
  planned: ({ planHash, approvers }: Cast): Told => ({
    kind: 'planned',
    actor: 'bot',
    data: {
      state: 'pending',
      planHash,
      expires,
      required: Math.max(1, approvers.length),
      finish: 3_600_000,
    },
  }),
  approved: ({ planHash, approvers }: Cast, n: number): Told => ({
    kind: 'approved',
    actor: approvers[n] ?? '',
    data: {
      action: 'approve',
      state: n + 1 === approvers.length ? 'approved' : 'pending',
      planHash,
      approval: { user: approvers[n], person: approvers[n], planHash, at: timeOf(0) },
      approvers: 'users',
    },
  }),
  pushing: (): Told => ({ kind: 'pushing', actor: 'bot', data: { state: 'pushing' } }),
  decrypting: (): Told => ({ kind: 'decrypting', actor: 'bot', data: { registry: 'r' } }),
  tagging: ({ digest }: Cast): Told => ({
    kind: 'tagging',
    actor: 'bot',
    data: { state: 'pushing', tagging: { at: timeOf(0), digest } },
  }),
  promoted: ({ digest }: Cast): Told => ({
    kind: 'promoted',
    actor: 'bot',
    data: { state: 'promoted', pushed: { digest } },
  }),
  reported: (): Told => ({ kind: 'reported', actor: 'bot', data: { state: 'reported' } }),
  failed: (): Told => ({ kind: 'failed', actor: 'bot', data: { state: 'failed' } }),
  refused: (): Told => ({
    kind: 'refused',
    actor: 'bot',
    data: { state: 'refused', refusal: { reason: 'changed-run' } },
  }),
  expired: (): Told => ({ kind: 'expired', actor: 'bot', data: { state: 'expired' } }),
  retried: ({ asker }: Cast): Told => ({
    kind: 'retried',
    actor: asker,
    data: { action: 'retry', state: 'approved' },
  }),
  rejected: (): Told => ({ kind: 'rejected', actor: 'U0REJECT1', data: { state: 'rejected' } }),
  withdrawn: ({ asker }: Cast): Told => ({
    kind: 'withdrawn',
    actor: asker,
    data: { action: 'withdraw', state: 'withdrawn' },
  }),
};

/** From an approval to the digest, with a push that was cut off or failed before, now and then. */
function pushOf(cast: Cast, random: () => number): Told[] {
  const one = [tell.pushing(), tell.decrypting()];
  const before =
    random() < 0.3
      ? [...one, ...(random() < 0.5 ? [tell.tagging(cast)] : []), tell.failed(), tell.retried(cast)]
      : [];
  const again = random() < 0.3 ? [tell.decrypting()] : [];
  return [...before, ...one, ...again, tell.tagging(cast), tell.promoted(cast), tell.reported()];
}

/** The whole story of one promotion, by one of the ways that there are. */
function storyOf(cast: Cast, random: () => number): readonly Told[] {
  const planned = [tell.asked(cast), tell.proven(), tell.planned(cast)];
  const approved = [...planned, ...cast.approvers.map((_, n) => tell.approved(cast, n))];
  const ends = [
    () => [...approved, ...pushOf(cast, random)],
    () => [...approved, tell.pushing(), tell.decrypting(), tell.withdrawn(cast)],
    () => [...approved, tell.refused()],
    () => [...planned, tell.rejected()],
    () => [...planned, tell.expired()],
    () => [tell.asked(cast), tell.withdrawn(cast)],
    () => [tell.asked(cast), tell.refused()],
  ];
  const at = random() < 0.5 ? 0 : Math.floor(random() * ends.length);
  return ends[at]?.() ?? [];
}

export function castOf(n: number, random: () => number): Cast {
  const hex = (of: string) => digestFromHex(of.repeat(64).slice(0, 64));
  const people = ['U0ALICE01', 'U0BOB0001', 'U0CAROL01', 'U0DORA001'].toSorted(
    () => random() - 0.5,
  );
  const approvers = people.slice(1, random() < 0.7 ? 2 : 3);
  const planHash = hex(`${n}a`);
  return { asker: people[0] ?? '', approvers, planHash, digest: hex(`${n}d`) };
}

/** A log of some promotions whose events go on beside each other. */
export function historyOf(random: () => number): readonly Happened[] {
  const open = Array.from({ length: 1 + Math.floor(random() * 3) }, (_, n) => ({
    promotion: `p${n}`,
    told: [...storyOf(castOf(n, random), random)],
  }));
  const history: Happened[] = [];
  while (open.some(({ told }) => told.length > 0)) {
    const going = open.filter(({ told }) => told.length > 0);
    const one = going[Math.floor(random() * going.length)];
    const next = one?.told.shift();
    if (one && next)
      history.push({ ...next, promotion: one.promotion, at: timeOf(history.length) });
  }
  return history;
}

/** Chained, and signed where there is who signs. */
export function writeLog(
  history: readonly Happened[],
  sign: (event: ChainedEvent, n: number) => string | undefined,
): ChainedEvent[] {
  const log: ChainedEvent[] = [];
  for (const event of history) {
    const chained = chain(event, log.at(-1) ?? genesis);
    log.push({ ...chained, signature: sign(chained, log.length) });
  }
  return log;
}

export function signedBy({ signer }: AuditKeys): (event: ChainedEvent) => string | undefined {
  return ({ hash }) => signer?.sign(hash);
}
