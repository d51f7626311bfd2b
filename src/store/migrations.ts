/** What the two databases call differently. */
export interface Words {
  /** A whole number of more than 32 bits. */
  readonly long: string;
  /** What makes a table keep to its column types. */
  readonly strict: string;
  /** The text at a path in a column that holds JSON; null where there is none. */
  readonly textIn: (column: string, path: readonly string[]) => string;
  /** Statements after which rows of `event` can be neither changed nor deleted. */
  readonly appendOnly: readonly string[];
}

/**
 * The schema's history: version n is what the first n migrations leave. A migration that was released is never
 * edited; a change of the schema is one more at the end.
 */
export const migrations: readonly ((words: Words) => readonly string[])[] = [
  (words) => [...promotionTables(words), ...logTable(words), ...slackTables(words), layers(words)],
  longHistory,
  signed,
];

function promotionTables({ strict }: Words): readonly string[] {
  return [
    `create table promotion (
      id text primary key,
      version integer not null,
      state text not null,
      image text not null,
      target text,
      holds text unique,
      plan_hash text,
      requester text not null,
      asked_at text not null,
      expires text,
      began integer not null unique,
      card_channel text,
      card_ts text,
      body text not null
    ) ${strict}`,
    `create index promotion_by_state on promotion (state, began)`,
    `create index promotion_by_image on promotion (image, began)`,
    `create table decision (
      promotion text not null references promotion (id),
      person text not null,
      kind text not null,
      account text not null,
      plan_hash text not null,
      at text not null,
      primary key (promotion, person, kind)
    ) ${strict}`,
  ];
}

function logTable({ strict, appendOnly }: Words): readonly string[] {
  return [
    `create table event (
      seq integer primary key,
      at text not null,
      promotion text,
      actor text not null,
      kind text not null,
      data text not null,
      previous text not null unique,
      hash text not null unique
    ) ${strict}`,
    `create index event_by_promotion on event (promotion, seq)`,
    ...appendOnly,
  ];
}

function slackTables({ strict }: Words): readonly string[] {
  return [
    `create table inbox (key text primary key, at text not null) ${strict}`,
    `create table outbox (
      id integer primary key,
      promotion text,
      kind text not null,
      slot text,
      key text not null unique,
      body text,
      not_before text not null,
      attempts integer not null,
      claimed_by integer,
      claimed_until text,
      sent_at text,
      channel text,
      ts text
    ) ${strict}`,
    `create index outbox_unsent on outbox (promotion, id) where sent_at is null`,
    `create index outbox_due on outbox (not_before, id) where sent_at is null`,
    `create index outbox_slot on outbox (promotion, slot, id) where slot is not null`,
  ];
}

/** What is asked every second must not grow with what was ever done. */
function longHistory({ textIn }: Words): readonly string[] {
  const fact = (...path: readonly string[]) => textIn('body', path);
  return [
    `alter table promotion add column waits_for text`,
    `update promotion set waits_for = ${fact('refusal', 'facts', 'holder')}
      where state = 'refused' and ${fact('refusal', 'reason')} = 'target-busy'`,
    `create index promotion_waiting on promotion (waits_for, began) where waits_for is not null`,
    `create index promotion_expiring on promotion (expires) where state = 'pending'`,
    `create index promotion_by_requester on promotion (requester, state)`,
    `create index promotion_by_image_and_state on promotion (image, state, began)`,
    `drop index promotion_by_image`,
    `create index event_by_kind on event (kind, seq)`,
  ];
}

/** What the database holds is vouched for with a key that it does not hold. */
function signed(): readonly string[] {
  return [`alter table event add column signature text`, `alter table layer add column mac text`];
}

function layers({ long, strict }: Words): string {
  return `create table layer (
    repository text not null,
    diff_id text not null,
    digest text not null,
    size ${long} not null,
    added_at text not null,
    primary key (diff_id, repository, digest)
  ) ${strict}`;
}
