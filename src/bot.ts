import pLimit from 'p-limit';
import { answer, answerRefusal, type Answer, type Click, type Delivery } from './answer.ts';
import type { Block } from './blocks.ts';
import { details } from './details.ts';
import { knownImage, parseCommand, type Command } from './command.ts';
import { createDecisions, type Decisions } from './decisions.ts';
import { driftMessage } from './drift-message.ts';
import { findDrift, type Drift } from './drift.ts';
import { isRefusal, refuse, type Refusal } from './errors.ts';
import * as messages from './messages.ts';
import * as overview from './overview.ts';
import type { Policy } from './policy.ts';
import type { RepinCommand } from './ports.ts';
import { guardedStore } from './guarded-store.ts';
import { whileHeld } from './held-bot.ts';
import type { Holding } from './holding.ts';
import type { Store } from './store-port.ts';
import type { PromotionPorts } from './promotion.ts';
import { publishedIn } from './published.ts';
import { createRepins, type Repins } from './repinning.ts';
import { inMeasure } from './measure.ts';
import { amongMembers, type Visitor } from './membership.ts';
import { createShared, type Shared } from './sharing.ts';
import { open, statesThat, type Ask, type Asked } from './states.ts';
import { createWork } from './work.ts';

export interface BotOptions {
  readonly policy: Policy;
  readonly ports: Omit<PromotionPorts, 'ledger' | 'published'> & {
    readonly store: Store;
    readonly repin: RepinCommand;
  };
  readonly now: () => Date;
  /** A new promotion’s id: short, unguessable. */
  readonly newId: () => string;
  readonly log: Log;
  /** Whether it may act: not while the channel has seen more of the log than there is. */
  readonly holding: Holding;
  /** Aborted when the bot shuts down: steps are parked where they can be taken up again. */
  readonly signal: AbortSignal;
}

/** One line to the log; `error` may hold a cause that people are not shown. */
export type Log = (
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  facts?: object,
) => void;

export interface Bot {
  /** The line after the slash command. Returns as soon as the request is stored. */
  onCommand(delivery: Delivery & { readonly text: string }): Promise<Answer>;
  /** The same, from the form. */
  onAsk(delivery: Delivery, ask: Ask): Promise<Answer>;
  /** A button. */
  onDecision(click: Click): Promise<Answer>;
  /**
   * What a person is told who may not decide, before they are asked for a reason; `undefined` where they may. Nothing
   * for a copy of a click that was here before: it is not decided anew on what has become of the request since.
   */
  mayReject(click: Click): Promise<Answer | undefined>;
  /** Everything that is known of a promotion, at length. */
  details(click: Click): Promise<readonly Block[] | Refusal>;
  /** What a person is told who may see nothing of ours; `undefined` where they may look. */
  mayLook(who: Visitor): Promise<Refusal | undefined>;
  /** Does whatever is due, until nothing is: plans, pushes, reports, expiries. */
  onTick(): Promise<void>;
}

/** Images that are looked at for `check` at once: each reads its trees, its registry and its builds. */
const looksAtOnce = 2;

/** The story, told once: a line becomes a request, a click becomes a decision, a tick carries out what was decided. */
export function createBot(given: BotOptions): Bot {
  const { holding } = given;
  const store = guardedStore(given.ports.store, holding);
  const options = { ...given, ports: { ...given.ports, store } };
  const { policy, ports } = options;
  const decisions = createDecisions(options);
  const repins = createRepins(options);
  const work = createWork(options);
  const looks = createShared<Drift>(pLimit(looksAtOnce));
  const vocabulary = { images: policy.images, rootUrl: policy.taskcluster.rootUrl };

  const bot: Bot = {
    async onCommand(delivery) {
      const command = parseCommand(delivery.text, vocabulary);
      if (isRefusal(command)) return answerRefusal(command, delivery, ports.store);
      return obey(command, delivery, { ...options, decisions, repins, looks });
    },
    onAsk: (delivery, ask) => begin(ask, delivery, options),
    onDecision: (click) => decisions.decide(click),
    async mayReject(click) {
      const refusal = await decisions.mayReject(click);
      if (refusal) return answerRefusal(refusal, click, ports.store);
      return noteAskedWhy(click, ports.store);
    },
    async details(click) {
      const promotion = await ports.store.get(click.promotion);
      if (!promotion) return refuse('unknown-promotion', { id: click.promotion });
      return details(promotion, { rootUrl: vocabulary.rootUrl });
    },
    mayLook: () => Promise.resolve(undefined),
    onTick: work,
  };
  return whileHeld(inMeasure(amongMembers(bot, options), options), holding);
}

interface Obeying {
  readonly decisions: Decisions;
  readonly repins: Repins;
  /** Images that are looked at for `check`: the same one once for all who ask at the same time. */
  readonly looks: Shared<Drift>;
}

async function obey(
  command: Command,
  delivery: Delivery & { readonly text: string },
  { decisions, repins, looks, ...options }: BotOptions & Obeying,
): Promise<Answer> {
  const { policy, ports } = options;
  switch (command.do) {
    case 'promote':
      return begin(command.ask, delivery, options);
    case 'form':
      return { show: 'form' };
    case 'help':
      return answer(overview.help(Object.keys(policy.images)));
    case 'status':
      return status(command.id, ports.store);
    case 'history':
      return history(command.image, ports.store);
    case 'withdraw':
      return decisions.withdrawById(command.id, delivery);
    case 'check':
      return check(command.image, delivery, { ...options, looks });
    case 'repin': {
      const image = knownImage(command.image, policy);
      if (isRefusal(image)) return answerRefusal(image, delivery, ports.store);
      return repins.start({ image, ref: command.reference }, delivery);
    }
  }
}

/** The request is stored before anything is looked up: a crash from here on loses nothing. */
async function begin(
  ask: Ask,
  delivery: Delivery,
  { policy, ports, now, newId }: BotOptions,
): Promise<Answer> {
  const to: Asked = {
    state: 'asked',
    id: newId(),
    version: 0,
    ask,
    requester: delivery.user,
    askedAt: now().toISOString(),
  };
  const event = { kind: 'asked', actor: delivery.user, data: { ask } };
  const room = { person: policy.limits.requestsOfOne, all: policy.limits.requests };
  const created = await ports.store.create({ to, event, envelope: delivery.envelope, room });
  if (created.outcome === 'full') {
    const reason = created.of === 'person' ? 'too-many-of-yours' : 'too-many-requests';
    return answerRefusal(refuse(reason, { count: String(created.count) }), delivery, ports.store);
  }
  return created.outcome === 'changed' ? answer(messages.lookingForBuild(to)) : { show: 'nothing' };
}

async function noteAskedWhy(click: Click, store: Store): Promise<Answer | undefined> {
  const { promotion, planHash, envelope, user } = click;
  const event = { kind: 'asked-why', actor: user, data: { planHash } };
  const noted = await store.note({ promotion, event, envelope });
  return noted.outcome === 'duplicate' ? { show: 'nothing' } : undefined;
}

async function status(id: string | undefined, store: Store): Promise<Answer> {
  if (id === undefined) {
    return answer(overview.listing('Under way', await store.list({ states: open, limit: 20 })));
  }
  const promotion = await store.get(id);
  if (!promotion) return answer(messages.refused(refuse('unknown-promotion', { id })));
  return answer(overview.listing('Status', [promotion]));
}

async function history(image: string | undefined, store: Store): Promise<Answer> {
  const states = statesThat('done');
  const done = await store.list({ states, limit: 15, ...(image === undefined ? {} : { image }) });
  return answer(overview.listing(image === undefined ? 'History' : `History of ${image}`, done));
}

/** Looks and tells; the log knows who looked. */
async function check(
  name: string | undefined,
  delivery: Delivery,
  { policy, ports, signal, looks }: BotOptions & Pick<Obeying, 'looks'>,
): Promise<Answer> {
  const event = { kind: 'checked', actor: delivery.user, data: { image: name ?? 'all' } };
  const noted = await ports.store.note({ event, envelope: delivery.envelope });
  if (noted.outcome === 'duplicate') return { show: 'nothing' };
  const images = Object.values(policy.images).filter(
    (image) => name === undefined || image.name === name,
  );
  const seen = { ...ports, published: publishedIn(ports.store, policy.registry.url) };
  const drifts = await Promise.all(
    images.map((image) =>
      looks(image.name, () => findDrift({ image, policy, ports: seen, signal })),
    ),
  );
  return answer(driftMessage(drifts));
}
