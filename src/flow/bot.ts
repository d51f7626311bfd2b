import pLimit from 'p-limit';
import { answerRefusal } from './answer.ts';
import { answer, type Answer, type Click, type Delivery } from '../domain/delivery.ts';
import type { Bot } from '../ports.ts';
import { readForm } from './ask-form.ts';
import { details } from '../words/details.ts';
import { knownImage, parseCommand, type Command } from './command.ts';
import { promotableNames } from '../domain/image.ts';
import { createDecisions, type Decisions } from './decisions.ts';
import { driftMessage } from '../words/drift-message.ts';
import { findDrift } from './drift.ts';
import type { Drift } from '../domain/drifted.ts';
import { isRefusal, refuse } from '../domain/errors.ts';
import * as messages from '../words/messages.ts';
import * as overview from '../words/overview.ts';
import { guardedStore } from './guarded-store.ts';
import { whileHeld } from './held-bot.ts';
import type { Store } from '../store-port.ts';
import type { AllHands, Using } from './hands.ts';
import { createPromote, type PublishingPorts } from './promotion.ts';
import { createWaitingList } from './waiting.ts';
import { publishedIn, publishedTimesIn } from './published.ts';
import { createRepins, type Repins } from './repinning.ts';
import { inMeasure } from './measure.ts';
import { amongMembers } from './membership.ts';
import { createShared, type Shared } from '../domain/sharing.ts';
import { open, statesThat, type Asked } from '../domain/states.ts';
import type { Ask } from '../domain/ask.ts';
import { createWork } from './work.ts';

export interface BotOptions extends Omit<AllHands, 'ports' | 'waiting'> {
  readonly ports: Omit<AllHands['ports'], 'promote'> & Omit<PublishingPorts, 'builds'>;
}

/** Images that are looked at for `check` at once: each reads its trees, its registry and its builds. */
const looksAtOnce = 2;

/** The story, told once: a line becomes a request, a click becomes a decision, a tick carries out what was decided. */
export function createBot(given: BotOptions): Bot {
  const { holding, log } = given;
  const store = guardedStore(given.ports.store, holding);
  const waiting = createWaitingList(store, log);
  const { engine, secrets, ...outside } = given.ports;
  // From here on nobody can name what decrypts: `promote` takes an approved promotion, and nothing else.
  const promote = createPromote({ builds: outside.builds, engine, secrets });
  const options = { ...given, waiting, ports: { ...outside, store, promote } };
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
    readForm: (values) => readForm(values, policy),
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

/** What a command takes. Whatever is done for it later is done by `work`. */
type Commanding = Using<
  'policy' | 'now' | 'newId' | 'signal',
  'store' | 'builds' | 'registry' | 'trees'
>;

interface Obeying {
  readonly decisions: Decisions;
  readonly repins: Repins;
  /** Images that are looked at for `check`: the same one once for all who ask at the same time. */
  readonly looks: Shared<Drift>;
}

async function obey(
  command: Command,
  delivery: Delivery & { readonly text: string },
  { decisions, repins, looks, ...options }: Commanding & Obeying,
): Promise<Answer> {
  const { policy, ports } = options;
  switch (command.do) {
    case 'promote':
      return begin(command.ask, delivery, options);
    case 'form':
      return { show: 'form' };
    case 'help':
      return answer(overview.help(promotableNames(policy)));
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
  { policy, ports, now, newId }: Using<'policy' | 'now' | 'newId', 'store'>,
): Promise<Answer> {
  const to: Asked = {
    state: 'asked',
    id: newId(),
    version: 0,
    ask,
    requester: delivery.user,
    askedAt: now().toISOString(),
    announced: false,
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
  { policy, ports, signal, looks }: Commanding & Pick<Obeying, 'looks'>,
): Promise<Answer> {
  const event = { kind: 'checked', actor: delivery.user, data: { image: name ?? 'all' } };
  const noted = await ports.store.note({ event, envelope: delivery.envelope });
  if (noted.outcome === 'duplicate') return { show: 'nothing' };
  const images = Object.values(policy.images).filter(
    (image) => name === undefined || image.name === name,
  );
  const { url } = policy.registry;
  const seen = {
    ...ports,
    published: publishedIn(ports.store, url),
    publishedTimes: publishedTimesIn(ports.store, url),
  };
  const drifts = await Promise.all(
    images.map((image) =>
      looks(image.name, () => findDrift({ image, policy, ports: seen, signal })),
    ),
  );
  return answer(driftMessage(drifts));
}
