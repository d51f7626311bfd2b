import { answer, type Answer } from '../domain/delivery.ts';
import type { Bot, Holding } from '../ports.ts';
import { PromotionError } from '../domain/errors.ts';
import { refused } from '../words/messages.ts';

/** The same bot: while it holds it reads and answers, says to whoever wants more why not, and does nothing by itself. */
export function whileHeld(bot: Bot, holding: Pick<Holding, 'looked' | 'mayAct'>): Bot {
  return {
    ...bot,
    onCommand: (delivery) => inWords(bot.onCommand(delivery)),
    onAsk: (delivery, ask) => inWords(bot.onAsk(delivery, ask)),
    onDecision: (click) => inWords(bot.onDecision(click)),
    mayReject: (click) => inWords(bot.mayReject(click)),
    onTick: async () => {
      await holding.looked;
      if (holding.mayAct()) await bot.onTick();
    },
  };
}

async function inWords<T extends Answer | undefined>(work: Promise<T>): Promise<T | Answer> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof PromotionError && error.reason === 'bot-holds') {
      return answer(refused(error.refusal));
    }
    throw error;
  }
}
