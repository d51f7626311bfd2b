import type { BotOptions } from './bot.ts';
import { anchored, targetFree } from './messages.ts';
import { holdsTarget, type Promotion } from './states.ts';

/** More than anybody has seen: every one of them is told, each once. */
const everybody = 10_000;

/** Tells those who were refused because this promotion held their target that it is free now: each once. */
export async function tellWaiting(ended: Promotion, { ports }: BotOptions): Promise<void> {
  if (!('plan' in ended) || !ended.plan || holdsTarget.includes(ended.state)) return;
  const { store } = ports;
  for (const one of await store.list({ waitsFor: ended.id, limit: everybody })) {
    if (one.state !== 'refused') continue;
    await store.note({
      promotion: one.id,
      envelope: `target-free:${one.id}:${ended.id}`,
      event: { kind: 'target-free', actor: 'bot', data: { holder: ended.id, state: ended.state } },
      posts: (anchor) => [{ kind: 'thread', message: anchored(targetFree(one, ended), anchor) }],
    });
  }
}
