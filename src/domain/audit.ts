import { createHash } from 'node:crypto';
import { z } from 'zod';
import { canonical } from './canonical.ts';
import type { Anchor } from './post.ts';
import type { AuditEvent, ChainedEvent, LogCheck } from './event.ts';
import { witnessed } from './anchors.ts';
import { acceptedIn, isKnownLoss, type Accepted } from './restores.ts';

/** What the first event follows: fixes the format too, so that another one could not be mistaken for it. */
export const genesis: Anchor = {
  seq: 0,
  hash: createHash('sha256').update('promote-image audit log, format 1').digest('hex'),
};

/** An event as it happened, before it has a place in the log. */
export interface Happened extends AuditEvent {
  readonly promotion: string | undefined;
  /** ISO 8601, UTC. */
  readonly at: string;
}

/** Puts an event behind the one that `previous` names; another `seq` than the next leaves a gap. Throws a TypeError where its data is not canonical JSON's. */
export function chain(
  event: Happened,
  previous: Anchor,
  seq: number = previous.seq + 1,
): ChainedEvent {
  const { kind, actor, data, promotion, at } = event;
  const linked = { seq, kind, actor, data, promotion, at };
  return {
    ...linked,
    previous: previous.hash,
    hash: hashOf({ ...linked, previous: previous.hash }),
  };
}

/**
 * SHA-256 (hex) over every field and the hash before it. Each field goes in with its length, so that no text can
 * pass for two fields or two for one; one that is absent differs from one that is empty.
 */
function hashOf(event: Omit<ChainedEvent, 'hash'>): string {
  const { seq, at, promotion, actor, kind, data, previous } = event;
  const hash = createHash('sha256');
  for (const field of [String(seq), at, promotion, actor, kind, canonical(data), previous]) {
    const bytes = field === undefined ? undefined : Buffer.from(field, 'utf8');
    hash.update(`${bytes?.length ?? 'absent'}:`);
    if (bytes) hash.update(bytes);
  }
  return hash.digest('hex');
}

const exported = z.strictObject({
  seq: z.int(),
  at: z.string(),
  promotion: z.string().optional(),
  actor: z.string(),
  kind: z.string(),
  data: z.custom<object>((data) => typeof data === 'object' && data !== null),
  previous: z.string(),
  hash: z.string(),
  signature: z.string().optional(),
});

/** One event as a line of `audit export`: canonical JSON, without the line's end. */
export function exportLine(event: ChainedEvent): string {
  return canonical(event);
}

/** The inverse of {@link exportLine}. Throws an Error where `line` is not exactly what that would write. */
export function importLine(line: string): ChainedEvent {
  const event = exported.parse(JSON.parse(line));
  if (canonical(event) !== line) throw new Error('a line of the export is not canonical JSON');
  return { ...event, promotion: event.promotion, signature: event.signature };
}

export type LogVerdict =
  | {
      readonly ok: true;
      readonly events: number;
      readonly head: Anchor;
      /** What an auditor should know although it is sound. */
      readonly notes?: readonly string[] | undefined;
    }
  /** In the order of the log; the first ones where there are many. */
  | { readonly ok: false; readonly problems: readonly string[] };

/** Problems named one by one: one cut is enough to doubt the rest. */
const named = 20;

/**
 * Whether the log is the one that was written: every event follows the one before, is what its hash says, and is
 * what the channel has seen (`anchors`). Without anchors a cut end and an old backup can't be told from the true one,
 * nor without the check of signatures a log rewritten from some event on. Reads the log once and keeps nothing of it.
 */
export async function verifyLog(
  events: AsyncIterable<ChainedEvent> | Iterable<ChainedEvent>,
  anchors: readonly Anchor[] = [],
  checks: readonly LogCheck[] = [],
): Promise<LogVerdict> {
  const problems: string[] = [];
  const witness = witnessed(anchors);
  let count = 0;
  let head = genesis;
  const restores: (Accepted & { readonly seq: number })[] = [];
  witness.take(genesis);
  for await (const event of events) {
    const problem = breakBetween(head, event);
    if (problem !== undefined) problems.push(problem);
    witness.take(event);
    const accepted = acceptedIn(event);
    if (accepted) restores.push({ ...accepted, seq: event.seq });
    for (const check of checks) check.take(event);
    head = { seq: event.seq, hash: event.hash };
    count += 1;
  }
  problems.push(...witness.problems(head, (anchor) => isKnownLoss(anchor, restores)));
  problems.push(...checks.flatMap((check) => check.problems()));
  if (problems.length === 0) return { ok: true, events: count, head, ...notesOf(checks) };
  if (problems.length <= named) return { ok: false, problems };
  const more = `and ${problems.length - named} more`;
  return { ok: false, problems: [...problems.slice(0, named), more] };
}

function notesOf(checks: readonly LogCheck[]): { readonly notes?: readonly string[] } {
  const notes = checks.flatMap((check) => check.notes?.() ?? []);
  return notes.length > 0 ? { notes } : {};
}

/** What is wrong between an event and the one before it; the first thing in the order of what it tells. */
function breakBetween(before: Anchor, event: ChainedEvent): string | undefined {
  const { seq } = event;
  if (seq === before.seq) return `event ${seq} stands there twice: one was inserted`;
  if (seq < before.seq) return `event ${seq} stands behind event ${before.seq}: they were swapped`;
  if (!isIntact(event)) return `event ${seq} was edited: its hash is not that of what it says`;
  if (seq > before.seq + 1 && !isAcceptedGap(before, event)) {
    const last = seq - 1 === before.seq + 1 ? '' : ` to ${seq - 1}`;
    return `event ${before.seq + 1}${last} is missing: it was deleted`;
  }
  if (event.previous === before.hash) return undefined;
  return `event ${seq} does not follow event ${before.seq} as it stands: one of them was replaced or inserted`;
}

/** Whether somebody accepted that what lies between the two is missing: the event behind the gap says so. */
function isAcceptedGap(before: Anchor, event: ChainedEvent): boolean {
  const { seq, hash } = acceptedIn(event)?.head ?? {};
  return seq === before.seq && hash === before.hash;
}

/** Whether the event says what its hash says. */
export function isIntact(event: ChainedEvent): boolean {
  try {
    return hashOf(event) === event.hash;
  } catch {
    // Data that is not canonical JSON's was never written by the bot.
    return false;
  }
}
