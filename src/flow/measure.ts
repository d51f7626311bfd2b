import { isWhole, takeOne, type Allowance, type Left } from '../domain/allowance.ts';
import { answerRefusal } from './answer.ts';
import { answer, type Click, type Delivery, type ActionId } from '../domain/delivery.ts';
import type { Bot } from '../ports.ts';
import type { Using } from './hands.ts';
import { parseCommand, type Command } from './command.ts';
import { isRefusal, refuse, type Refusal } from '../domain/errors.ts';
import { refused } from '../words/messages.ts';

/** What measuring takes. */
export type Measuring = Using<'policy' | 'now' | 'log', 'store'>;

/** What it takes of us: somebody else’s servers, git and a processor, or a look at the database and a few questions to Slack. */
type Cost = 'work' | 'look';

const costOfCommand: Readonly<Record<Command['do'], Cost>> = {
  promote: 'work',
  check: 'work',
  repin: 'work',
  form: 'look',
  help: 'look',
  status: 'look',
  history: 'look',
  withdraw: 'look',
};

const costOfClick: Readonly<Record<ActionId, Cost>> = {
  promote: 'work',
  retry: 'work',
  approve: 'look',
  reject: 'look',
  withdraw: 'look',
  stop: 'look',
  details: 'look',
};

/** Looks are apart, so that whoever has asked too much can still take it back; and there are as many times more. */
const looksForOneAsk = 10;

/** More people than any workspace has busy at once. */
const mostPeople = 10_000;

/**
 * The same bot, but each person may ask it only so often, over everything that a person can ask for. What was asked is
 * known to this process alone: another replica, or the next start, begins to count anew.
 */
export function inMeasure(bot: Bot, options: Measuring): Bot {
  const { images, taskcluster } = options.policy;
  const vocabulary = { images, rootUrl: taskcluster.rootUrl };
  const { store } = options.ports;
  const take = createTake(options);
  const tooOften = (delivery: Delivery, cost: Cost) => {
    const over = take(delivery, cost);
    if (!over) return undefined;
    // The log knows that it happened; not how often: writing that down would be work, too.
    return over.isFirst
      ? answerRefusal(over.refusal, delivery, store)
      : Promise.resolve(answer(refused(over.refusal)));
  };
  const costOf = (click: Click): Cost => costOfClick[click.action];
  return {
    ...bot,
    onCommand(delivery) {
      const command = parseCommand(delivery.text, vocabulary);
      const cost = isRefusal(command) ? 'look' : costOfCommand[command.do];
      return tooOften(delivery, cost) ?? bot.onCommand(delivery);
    },
    onAsk: (delivery, ask) => tooOften(delivery, 'work') ?? bot.onAsk(delivery, ask),
    onDecision: (click) => tooOften(click, costOf(click)) ?? bot.onDecision(click),
    mayReject: (click) => tooOften(click, costOf(click)) ?? bot.mayReject(click),
    details: (click) => {
      const over = take(click, 'look');
      return over ? Promise.resolve(over.refusal) : bot.details(click);
    },
  };
}

interface Over {
  readonly refusal: Refusal;
  /** The first one of this person’s within the time that is measured. */
  readonly isFirst: boolean;
}

/** Takes what a delivery costs from what its person has left. */
function createTake({
  policy,
  now,
  log,
}: Measuring): (delivery: Delivery, cost: Cost) => Over | undefined {
  const { asksOfOne, asksWithin: within } = policy.limits;
  const allowances: Readonly<Record<Cost, Allowance>> = {
    work: { count: asksOfOne, within },
    look: { count: asksOfOne * looksForOneAsk, within },
  };
  const known = new Map<string, { readonly left: Left; readonly noted?: number | undefined }>();

  return ({ team, user }, cost) => {
    const at = now().getTime();
    const allowance = allowances[cost];
    const key = `${cost} ${team} ${user}`;
    const before = known.get(key);
    const taken = takeOne(before?.left, allowance, at);
    if (taken.outcome === 'taken') {
      known.delete(key);
      if (known.size >= mostPeople) forget(at);
      known.set(key, { left: taken.left, noted: before?.noted });
      return undefined;
    }
    const isFirst = before?.noted === undefined || at - before.noted >= within;
    if (before && isFirst) known.set(key, { ...before, noted: at });
    if (isFirst) log('warn', 'somebody asks more often than one may', { user, team, cost });
    return { refusal: refusalOf(allowance, taken.wait), isFirst };
  };

  /** Those who have everything again; where that frees nothing, whoever asked longest ago. */
  function forget(at: number): void {
    for (const [key, { left }] of known) {
      const allowance = key.startsWith('work ') ? allowances.work : allowances.look;
      if (isWhole(left, allowance, at)) known.delete(key);
    }
    const [oldest] = known.keys();
    if (known.size >= mostPeople && oldest !== undefined) known.delete(oldest);
  }
}

function refusalOf({ count, within }: Allowance, wait: number): Refusal {
  const minutes = within / 60_000;
  const time = Number.isInteger(minutes) ? `${minutes} min` : `${within / 1000} s`;
  const seconds = String(Math.max(1, Math.ceil(wait / 1000)));
  return refuse('too-often', { time, count: String(count), seconds });
}
