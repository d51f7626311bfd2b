import { z } from 'zod';
import type { Anchor } from './post.ts';

/** The whole anchor, as it goes into a message's metadata: `<seq>:<64 hex digits>`. */
export function formatAnchor({ seq, hash }: Anchor): string {
  return `${seq}:${hash}`;
}

/** The anchor as people see it under a message: `audit <seq>:<first 16 hex digits>`. */
export function shortAnchor({ seq, hash }: Anchor): string {
  return `audit ${seq}:${hash.slice(0, 16)}`;
}

const full = /^(0|[1-9]\d{0,14}):([0-9a-f]{64})$/;
const short = /^audit (0|[1-9]\d{0,14}):([0-9a-f]{16})…?$/;

const message = z.looseObject({
  ts: z.string(),
  bot_id: z.string(),
  // Slack's clients give one to what a person writes, through whatever app.
  client_msg_id: z.undefined().optional(),
  metadata: z.unknown().optional(),
  blocks: z.unknown().optional(),
});
const metadata = z.looseObject({ event_payload: z.looseObject({ audit: z.string() }) });
const contextBlock = z.looseObject({
  type: z.literal('context'),
  elements: z.array(z.unknown()),
});
const textElement = z.looseObject({ text: z.string() });

/**
 * The anchors in what Slack exported: a day's array of messages, the answer of conversations.history or .replies,
 * or any nesting of such. Only messages of these bots count: our own; what people and other apps write witnesses nothing.
 * From the metadata an anchor has its whole hash, from the visible line the first 16 digits of it.
 */
export function anchorsIn(exportedMessages: unknown, bots: ReadonlySet<string>): Anchor[] {
  const found = new Map<string, Anchor>();
  // Not recursive: what was exported may be nested deeper than the stack.
  const open = [exportedMessages];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value !== 'object' || value === null) continue;
    if ('ts' in value) {
      for (const anchor of anchorsOf(value, bots)) found.set(formatAnchor(anchor), anchor);
    } else {
      open.push(...Object.values(value));
    }
  }
  return [...found.values()].toSorted((a, b) => a.seq - b.seq);
}

function anchorsOf(value: object, bots: ReadonlySet<string>): Anchor[] {
  const parsed = message.safeParse(value);
  if (!parsed.success || !bots.has(parsed.data.bot_id)) return [];
  const payload = metadata.safeParse(parsed.data.metadata);
  const texts = payload.success ? [match(full, payload.data.event_payload.audit)] : [];
  const blocks = Array.isArray(parsed.data.blocks) ? parsed.data.blocks : [];
  for (const block of blocks) {
    const context = contextBlock.safeParse(block);
    for (const element of context.data?.elements ?? []) {
      texts.push(match(short, textElement.safeParse(element).data?.text));
    }
  }
  return texts.filter((anchor) => anchor !== undefined);
}

function match(form: RegExp, text: string | undefined): Anchor | undefined {
  const [, seq, hash] = form.exec(text ?? '') ?? [];
  return seq === undefined || hash === undefined ? undefined : { seq: Number(seq), hash };
}

/** What the channel has seen of the log, to be held against the log as it goes by. */
export function witnessed(anchors: readonly Anchor[]) {
  const hashes = new Map<number, Set<string>>();
  for (const { seq, hash } of anchors) hashes.set(seq, (hashes.get(seq) ?? new Set()).add(hash));
  const contradicted: Anchor[] = [];
  return {
    /** An anchor's hash may be the beginning of one. */
    take({ seq, hash }: Anchor): void {
      for (const seen of hashes.get(seq) ?? []) {
        if (!hash.startsWith(seen)) contradicted.push({ seq, hash: seen });
      }
    },
    /** What of it the log that ends with `head` does not hold, but for what is a known loss. */
    problems(head: Anchor, isKnown: (anchor: Anchor) => boolean): string[] {
      const problems = contradicted
        .filter((anchor) => !isKnown(anchor))
        .map(
          ({ seq, hash }) =>
            `event ${seq} is not the one that the channel has seen (${hash.slice(0, 16)}): the log was rewritten`,
        );
      const last = [...hashes.keys()].reduce((a, b) => Math.max(a, b), 0);
      if (last <= head.seq) return problems;
      return [
        ...problems,
        `the channel has seen event ${last}, but the log ends with ${head.seq}: its end was cut off, or an old backup is in its place`,
      ];
    },
  };
}
