import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { Message } from '../../../../local/slack/things.ts';
import { anchorsIn } from '../../../../src/domain/anchors.ts';
import { logChecks } from '../../../../src/domain/audit-checks.ts';
import { verifyLog } from '../../../../src/domain/audit.ts';
import { PromotionError } from '../../../../src/domain/errors.ts';
import type { Store } from '../../../../src/store-port.ts';
import type { ChainedEvent } from '../../../../src/domain/event.ts';
import type { Promotion } from '../../../../src/domain/states.ts';
import { buttons, reads } from '../../scenarios/reading.ts';
import type { Wish } from './wish.ts';
import { begun, outcomes, paths } from './outcomes.ts';
import type { World } from './world.ts';

/** What is broken in the database at this moment, be it right after a kill. */
export async function brokenNow(world: World): Promise<readonly string[]> {
  const broken: string[] = [];
  const [, file] = /^sqlite:(.+)$/.exec(world.env['DATABASE_URL'] ?? '') ?? [];
  if (file && existsSync(file)) {
    const database = new DatabaseSync(file, { readOnly: true });
    const [row] = database.prepare('pragma integrity_check').all();
    if (row?.['integrity_check'] !== 'ok') broken.push(`integrity_check: ${JSON.stringify(row)}`);
    database.close();
  }
  const store = await opened(world);
  if (!store) return world.slack.messages().length > 0 ? ['the database is gone'] : broken;
  try {
    // First what people have seen, then the log: what is written in between is in the log only.
    const anchors = anchorsIn(
      world.slack.exportChannel().map(({ messages }) => messages),
      new Set([world.slack.parts.stage.workspace.seed.bot.id]),
    );
    const verdict = await verifyLog(store.events(), anchors, logChecks(store.keys!));
    if (!verdict.ok) broken.push(`audit: ${JSON.stringify(verdict)}`);
  } finally {
    await store.close();
  }
  return broken;
}

/** `undefined` where the bot did not live long enough to make it. */
async function opened(world: World): Promise<Store | undefined> {
  try {
    return await world.openStore();
  } catch (error) {
    if (error instanceof PromotionError && error.reason === 'database-empty') return undefined;
    throw error;
  }
}

/** What became of one wish, told by what is in the database, on the registry and in the channel. */
interface Case {
  readonly promotion: Promotion;
  readonly events: readonly ChainedEvent[];
  readonly card: Message | undefined;
  readonly thread: readonly Message[];
}

/** Everything that was lost or doubled, once nothing is under way any more. */
export async function violations(
  world: World,
  wishes: readonly Wish[],
): Promise<readonly string[]> {
  const store = await world.openStore();
  try {
    const found = [...(await brokenNow(world)), ...doubledMessages(world)];
    const promotions = await store.list({ limit: 100_000 });
    for (const wish of wishes) {
      const own = promotions.filter(({ ask }) => isOf(wish, ask));
      found.push(...wishViolations(wish, own));
    }
    const known = promotions.filter(({ ask }) => wishes.some((wish) => isOf(wish, ask)));
    if (known.length < promotions.length) found.push('a promotion that nobody asked for');
    for (const promotion of promotions) {
      const one = await gather(world, store, promotion);
      const problems = [
        ...pathViolations(one),
        ...threadViolations(one),
        ...cardViolations(world, one),
        ...(await registryViolations(world, promotion, promotions)),
      ];
      found.push(...problems.map((problem) => `${promotion.id} (${promotion.state}): ${problem}`));
    }
    found.push(...cardsOfNobody(world, promotions));
    return found;
  } finally {
    await store.close();
  }
}

function isOf({ taskId }: Wish, { build }: Promotion['ask']): boolean {
  return build.by === 'task' && build.taskId === taskId;
}

/** Nothing that Slack took is lost, and nothing was made of what nobody typed. */
function wishViolations(wish: Wish, own: readonly Promotion[]): readonly string[] {
  const { asked, acknowledged, fate, taskId } = wish;
  const found: string[] = [];
  if (own.length < acknowledged) found.push(`${taskId}: asked for, and lost`);
  if (own.length > asked) found.push(`${taskId}: asked ${asked} times, ${own.length} promotions`);
  const states = own.map(({ state }) => state);
  const { ends, others } = outcomes[fate];
  const at = states.findIndex((state) => ends.includes(state));
  if (at < 0) found.push(`${taskId}: never ${ends.join(' or ')}, but ${states.join(', ')}`);
  const rest = states.filter((state, index) => index !== at && !others.includes(state));
  if (rest.length > 0) found.push(`${taskId}: also ${rest.join(', ')}`);
  return found;
}

async function gather(world: World, store: Store, promotion: Promotion): Promise<Case> {
  const events = await Array.fromAsync(store.events({ promotion: promotion.id }));
  const place = await store.card(promotion.id);
  const messages = place ? world.slack.thread(place.ts) : [];
  return { promotion, events, card: messages[0], thread: messages.slice(1) };
}

/** Moves, without what may be repeated and what moves nothing. */
function movesOf({ events }: Case): readonly string[] {
  return events
    .filter(({ data, kind }) => 'state' in data || kind === 'asked' || kind === 'build-proven')
    .map(({ kind, data }) => (kind === 'target-free' ? 'target-free' : kindOf(kind, data)));
}

function kindOf(kind: string, data: object): string {
  const { refusal } = data as { refusal?: { reason?: string } };
  return refusal?.reason ? `${kind}:${refusal.reason}` : kind;
}

function pathViolations(one: Case): readonly string[] {
  const path = movesOf(one).join(' → ');
  return paths.includes(path) ? [] : [`went ${path}`];
}

/** What a message in a thread is, by its words. */
const kinds: readonly (readonly [string, RegExp])[] = [
  ['progress', /^\*(Pushing|Reading|Setting)/],
  ['planned', /^Proven:/],
  ['approved', /Approved by/],
  ['pushing', /^Nothing changed since the approval/],
  ['promoted', /\*Published\*/],
  ['patch', /^Patch for/],
  ['file', /^\[file /],
  ['rejected', /Rejected by/],
  ['withdrawn', /(Withdrawn|Stopped) by/],
  ['unneeded', /there is nothing to promote/],
  ['target-free', /:bell:/],
  ['refused:target-busy', /:no_entry:/],
];

function kindOfMessage(message: Message): string {
  const text = reads(message);
  return kinds.find(([, words]) => words.test(text))?.[0] ?? text;
}

/** The thread tells each move once, in order, with a patch and its file for each tree. */
function threadViolations(one: Case): readonly string[] {
  const { events, thread, promotion } = one;
  const told = thread.map(kindOfMessage).filter((kind) => kind !== 'progress');
  const trees = 'plan' in promotion ? (promotion.plan?.trees.length ?? 0) : 0;
  const patches = Array.from({ length: trees }, () => ['file', 'patch']).flat();
  const wanted = movesOf(one)
    .filter((kind) => !begun.includes(kind) && kind !== 'tagging')
    .flatMap((kind) => {
      if (kind === 'reported') return patches;
      return kind === 'unneeded' ? ['unneeded', ...patches] : [kind];
    });
  const found: string[] = [];
  if (told.join(', ') !== wanted.join(', ')) {
    found.push(`the thread tells ${told.join(', ')} instead of ${wanted.join(', ')}`);
  }
  const slots = thread.map(kindOfMessage).filter((kind) => kind === 'progress').length;
  if (slots > 2) found.push(`${slots} messages of progress`);
  const names = thread.flatMap(({ files = [] }) => files.map(({ name }) => name));
  if (new Set(names).size < names.length) found.push(`files twice: ${names.join(', ')}`);
  const decided = events.filter(({ kind, data }) => kind === 'approved' && 'state' in data);
  if (decided.length > 1) found.push(`approved ${decided.length} times`);
  return found;
}

function cardViolations({ slack }: World, { promotion, card, events }: Case): readonly string[] {
  const cards = slack.messages().filter((message) => isCardOf(message, promotion.id));
  const wanted = events.some(({ kind }) => kind === 'build-proven') ? 1 : 0;
  const found: string[] = [];
  if (cards.length !== wanted) found.push(`${cards.length} cards instead of ${wanted}`);
  const left = card ? buttons(card).filter((action) => action !== 'details') : [];
  if (left.length > 0) found.push(`the card still has ${left.join(', ')}`);
  return found;
}

function isCardOf({ ts, thread_ts, metadata }: Message, promotion: string): boolean {
  return (thread_ts ?? ts) === ts && metadata?.event_payload['promotion'] === promotion;
}

function cardsOfNobody({ slack }: World, promotions: readonly Promotion[]): readonly string[] {
  const ids = new Set(promotions.map(({ id }) => id));
  return slack
    .messages()
    .filter(({ metadata }) => metadata && !ids.has(String(metadata.event_payload['promotion'])))
    .map((message) => `a message of no promotion: ${reads(message)}`);
}

function doubledMessages({ slack }: World): readonly string[] {
  const keys = slack
    .messages()
    .flatMap(({ metadata }) => (metadata ? [String(metadata.event_payload['key'])] : []));
  const twice = keys.filter((key, index) => keys.indexOf(key) !== index);
  return twice.map((key) => `the post ${key} stands there more than once`);
}

/** The tag has had one digest ever, the one that people were told; what was not approved is not there at all. */
async function registryViolations(
  world: World,
  promotion: Promotion,
  all: readonly Promotion[],
): Promise<readonly string[]> {
  if (!('plan' in promotion) || !promotion.plan) return [];
  const { name, tag } = promotion.plan.target;
  const digests = await world.digestsUnder(name, tag);
  switch (promotion.state) {
    case 'reported':
      return digests.join() === promotion.pushed.digest ? [] : [`the tag had ${digests.join()}`];
    case 'unneeded':
      return digests.join() === promotion.digest ? [] : [`the tag had ${digests.join()}`];
    case 'rejected':
    case 'withdrawn':
      // Whoever asked twice and stopped one of the two has published the other.
      if (all.some((other) => other.state === 'reported' && isSameTarget(other, promotion)))
        return [];
      return digests.length === 0 ? [] : [`the tag had ${digests.join()}`];
    default:
      return [];
  }
}

function isSameTarget(one: Promotion, other: Promotion): boolean {
  const [a, b] = [one, other].map((promotion) => 'plan' in promotion && promotion.plan?.target);
  return !!a && !!b && a.name === b.name && a.tag === b.tag;
}
