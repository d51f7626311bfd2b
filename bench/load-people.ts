import type { Answer } from '../local/slack/person.ts';
import type { Slack } from '../local/slack/slack.ts';
import type { Message } from '../local/slack/things.ts';
import { people } from '../local/rig/people.ts';

/** One thing that somebody does, and what it may be counted by. */
export interface Act {
  readonly kind: 'wrong line' | 'status' | 'history' | 'help' | 'check' | 'promote' | 'approve';
  readonly ms: number;
  readonly error: string | undefined;
}

export interface Crowd {
  readonly slack: Slack;
  /** Cards that wait for an approval, as they stand in the channel. */
  readonly cards: readonly Message[];
  /** Commits that have a trusted build. */
  readonly commits: readonly string[];
}

const crowd = [people.alice, people.bob, people.carol, people.dora, people.nobody];

/** The n-th of many: mostly lines, some clicks by whoever, each tenth delivered twice where that must not count. */
export async function act(n: number, { slack, cards, commits }: Crowd): Promise<Act> {
  const who = crowd[n % crowd.length] ?? people.alice;
  const kind = kindOf(n);
  const before = slack.delivered.length;
  const going = kind === 'approve' ? click(n, who, { slack, cards }) : type(kind, n, commits);
  const isCounted = kind === 'wrong line' || kind === 'promote' || kind === 'approve';
  const sent = slack.delivered[before];
  if (isCounted && n % 10 === 0 && sent) void slack.deliverAgain(sent);
  const { ms, error } = await going;
  return { kind, ms, error };

  function type(what: Exclude<Act['kind'], 'approve'>, at: number, known: readonly string[]) {
    const commit = known[at % (2 * known.length)] ?? String(at).padStart(40, 'f');
    const lines = {
      'wrong line': `nonsense-${at}`,
      status: 'status',
      history: 'history build-decision',
      help: 'help',
      check: 'check build-decision',
      promote: `build-decision ${commit}`,
    };
    return slack.as(who).command('/promote-image', lines[what], { channel: slack.channel });
  }
}

function kindOf(n: number): Act['kind'] {
  if (n % 200 === 199) return 'check';
  const kinds = [
    ...Array.from({ length: 6 }, () => 'wrong line' as const),
    ...Array.from({ length: 4 }, () => 'status' as const),
    ...Array.from({ length: 3 }, () => 'history' as const),
    ...Array.from({ length: 4 }, () => 'approve' as const),
    'help',
    'promote',
    'promote',
  ] as const;
  // 7 and 20 have no factor in common: kinds and people mix.
  return kinds[(n * 7) % kinds.length] ?? 'help';
}

/** Requester, stranger and approvers alike; the card as it stood before the first click. */
function click(n: number, who: string, { slack, cards }: Pick<Crowd, 'slack' | 'cards'>) {
  const card = cards[(n >> 2) % cards.length];
  if (!card) return Promise.resolve<Answer>({ ms: 0 });
  return slack.as(who).click(card, 'approve');
}
