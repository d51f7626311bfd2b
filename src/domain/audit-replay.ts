import type { LogCheck } from './event.ts';
import { continueStory, type Story } from './audit-story.ts';
import { over } from './states.ts';

/**
 * Whether everything that the log tells could have happened: each promotion goes only the ways that there are, every
 * push has its approvals by distinct people besides the requester, every digest its push. A promotion that began before
 * events were signed is not looked at: who wrote its events is not known.
 */
export function replayCheck(): LogCheck {
  const stories = new Map<string, Story>();
  const unsigned = new Set<string>();
  const problems: string[] = [];
  return {
    take(event) {
      const { promotion, seq } = event;
      if (promotion === undefined || unsigned.has(promotion)) return;
      if (event.signature === undefined) {
        unsigned.add(promotion);
        return;
      }
      const next = continueStory(stories.get(promotion), event);
      if (typeof next === 'string') problems.push(`event ${seq}, ${promotion}: ${next}`);
      else if (next) stories.set(promotion, over.includes(next.state) ? ended(next) : next);
    },
    problems: () => problems,
  };
}

/** Of thousands that are over nothing more need be remembered. */
function ended({ state, requester }: Story): Story {
  return { state, requester, approvals: [], isOpen: false, tagging: [], isTagged: false };
}
