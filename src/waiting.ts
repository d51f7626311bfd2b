import type { BotOptions } from './bot.ts';
import { anchored, targetFree } from './messages.ts';
import { holdsTarget, type Promotion } from './states.ts';

/** How far back it is looked for somebody who was told to wait. */
const lookBack = 100;

/** Tells those who were refused because this promotion held their target that it is free now: each once. */
export async function tellWaiting(ended: Promotion, options: BotOptions): Promise<void> {
  if (!isFree(ended)) return;
  for (const { waiting, holder } of await waitingFor(options, ended.ask.image)) {
    if (holder === ended.id) await tell(waiting, ended, options);
  }
}

/**
 * The same for whoever was not told: the bot was killed right after the end, or the end came just before the refusal.
 */
export async function tellForgotten(options: BotOptions): Promise<void> {
  for (const { waiting, holder } of await waitingFor(options)) {
    const ended = await options.ports.store.get(holder);
    if (ended && isFree(ended)) await tell(waiting, ended, options);
  }
}

interface Waiting {
  readonly waiting: Promotion;
  /** Whom they wait for. */
  readonly holder: string;
}

async function waitingFor({ ports }: BotOptions, image?: string): Promise<readonly Waiting[]> {
  const refused = await ports.store.list({
    states: ['refused'],
    ...(image === undefined ? {} : { image }),
    limit: lookBack,
  });
  return refused.flatMap((waiting): Waiting[] => {
    if (waiting.state !== 'refused' || waiting.refusal.reason !== 'target-busy') return [];
    const { holder } = waiting.refusal.facts;
    return holder === undefined ? [] : [{ waiting, holder }];
  });
}

function isFree(ended: Promotion): boolean {
  return 'plan' in ended && ended.plan !== undefined && !holdsTarget.includes(ended.state);
}

async function tell(waiting: Promotion, ended: Promotion, { ports }: BotOptions): Promise<void> {
  await ports.store.note({
    promotion: waiting.id,
    envelope: `target-free:${waiting.id}:${ended.id}`,
    event: { kind: 'target-free', actor: 'bot', data: { holder: ended.id, state: ended.state } },
    posts: (anchor) => [{ kind: 'thread', message: anchored(targetFree(waiting, ended), anchor) }],
  });
}
