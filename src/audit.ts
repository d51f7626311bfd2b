import { createHash } from 'node:crypto';
import { canonical } from './canonical.ts';
import type { Anchor, AuditEvent, ChainedEvent } from './ports.ts';

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

/** Puts an event behind the one that `previous` names. Throws a TypeError where its data is not canonical JSON's. */
export function chain(event: Happened, previous: Anchor): ChainedEvent {
  const { kind, actor, data, promotion, at } = event;
  const linked = {
    seq: previous.seq + 1,
    kind,
    actor,
    data,
    promotion,
    at,
    previous: previous.hash,
  };
  return { ...linked, hash: hashOf(linked) };
}

/**
 * SHA-256 (hex) over every field and the hash before it. Each field goes in with its length, so that no text can
 * pass for two fields or two for one; one that is absent differs from one that is empty.
 */
export function hashOf(event: Omit<ChainedEvent, 'hash'>): string {
  const { seq, at, promotion, actor, kind, data, previous } = event;
  const hash = createHash('sha256');
  for (const field of [String(seq), at, promotion, actor, kind, canonical(data), previous]) {
    const bytes = field === undefined ? undefined : Buffer.from(field, 'utf8');
    hash.update(`${bytes?.length ?? 'absent'}:`);
    if (bytes) hash.update(bytes);
  }
  return hash.digest('hex');
}

/** One event as a line of `audit export`: canonical JSON, without the line's end. */
export function exportLine(event: ChainedEvent): string {
  return canonical(event);
}
