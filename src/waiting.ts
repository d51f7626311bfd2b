import type { BotOptions } from './bot.ts';
import { anchored, targetFree } from './messages.ts';
import { holdsTarget, type Promotion } from './states.ts';

/** How far back it is looked for somebody who was told to wait. */
const lookBack = 100;

/** Tells those who were refused because this promotion held their target that it is free now: each once. */
export async function tellWaiting(ended: Promotion, { ports }: BotOptions): Promise<void> {
  if (!('plan' in ended) || !ended.plan || holdsTarget.includes(ended.state)) return;
  const { store } = ports;
  const refused = await store.list({
    states: ['refused'],
    image: ended.ask.image,
    limit: lookBack,
  });
  for (const one of refused) {
    if (one.state !== 'refused' || one.refusal.reason !== 'target-busy') continue;
    if (one.refusal.facts['holder'] !== ended.id) continue;
    await store.note({
      promotion: one.id,
      envelope: `target-free:${one.id}:${ended.id}`,
      event: { kind: 'target-free', actor: 'bot', data: { holder: ended.id, state: ended.state } },
      posts: (anchor) => [{ kind: 'thread', message: anchored(targetFree(one, ended), anchor) }],
    });
  }
}
