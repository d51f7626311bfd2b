import { userInfo } from 'node:os';
import { explain, refuse } from '../domain/errors.ts';
import { restoreTold } from '../words/hold-message.ts';
import { cardsUnderWay } from '../flow/holding.ts';
import { anchored, planRefused, refused } from '../words/messages.ts';
import { cardPost, isAnnounced, thread } from '../flow/moves.ts';
import type { Policy } from '../domain/policy.ts';
import { createLogging } from '../service/log.ts';
import { createClient } from '../slack/client.ts';
import { slackProblem } from '../slack/trouble.ts';
import { createWitness } from '../slack/witness.ts';
import { statesThat, type Promotion, type Refused } from '../domain/states.ts';
import type { Change, Store } from '../store-port.ts';
import type { Anchor } from '../domain/post.ts';
import { openStore } from '../store/store.ts';
import { Failure, Usage, type VerbContext } from './verb.ts';

const usage = 'audit accept-restore [--by <name>] --because <why> …';

/** What is under way and not on the registry yet, as far as a restored log knows. */
const undecided = statesThat('can be taken back');

/**
 * Somebody knows that the database was restored: what the channel has seen and the log does not hold is named in the log,
 * with who accepted it and why; what was under way ends, and the log goes on. Beside a running bot on PostgreSQL; an
 * SQLite database is one process's, so there the bot is stopped first.
 */
export async function acceptRestore(context: VerbContext, args: readonly string[]): Promise<void> {
  const { by, because } = wordsIn(args);
  const { environment, policy } = await context.config();
  const { now, print } = context;
  const store = await openStore(environment.DATABASE_URL.reveal(), {
    now,
    key: environment.AUDIT_KEY,
  });
  try {
    const lost = await store.unknown(await anchorsOf({ environment, policy }, store));
    if (lost.length === 0) {
      throw new Failure(
        'The channel has seen nothing that the log does not hold: there is nothing to accept.',
      );
    }
    const ends = await endsOf(store, { policy, now });
    const ended = ends.map(({ to }) => to.id);
    let missing = { first: 0, last: 0 };
    await store.acceptRestore({
      by,
      because,
      lost,
      ends,
      posts: (anchor, gap) => {
        missing = gap;
        return [thread(anchored(restoreTold({ by, because, missing, ended }), anchor))];
      },
    });
    const { first, last } = missing;
    const gap = first > last ? 'no event is missing' : `events ${first} to ${last} are missing`;
    print(`Accepted by ${by}: ${gap}; ended: ${ended.join(', ') || 'nothing'}. The bot goes on.`);
  } finally {
    await store.close();
  }
}

function wordsIn(args: readonly string[]): { readonly by: string; readonly because: string } {
  const at = args.indexOf('--because');
  const because =
    at < 0
      ? ''
      : args
          .slice(at + 1)
          .join(' ')
          .trim();
  const before = at < 0 ? args : args.slice(0, at);
  const [option, name] = before;
  const isNamed = before.length === 2 && option === '--by' && name?.trim();
  if (!because || (before.length > 0 && !isNamed)) throw new Usage(usage);
  return { by: isNamed ? (name ?? '') : userInfo().username, because };
}

/** What the channel has seen, read as the bot reads it. */
async function anchorsOf(
  {
    environment,
    policy,
  }: Pick<Awaited<ReturnType<VerbContext['config']>>, 'environment' | 'policy'>,
  store: Store,
): Promise<readonly Anchor[]> {
  const { slackLogger: logger } = createLogging('silent');
  const apiUrl = environment.SLACK_API_URL;
  const client = createClient(environment.SLACK_BOT_TOKEN, { apiUrl, logger });
  try {
    const { bot_id: botId = '' } = await client.auth.test();
    const witness = createWitness({ client, channel: policy.slack.channel, self: { botId } });
    return await witness.anchors(await cardsUnderWay(store));
  } catch (error) {
    throw new Failure(explain(refuse('slack-refused', { problem: slackProblem(error) })));
  }
}

/** The end of everything that is under way: whether it is so still, nobody knows. */
async function endsOf(store: Store, options: Ending): Promise<readonly Change[]> {
  const promotions = await store.list({ states: undecided, limit: 10_000 });
  return Promise.all(
    promotions.map(async (from) =>
      endOf(from, await isAnnounced(from, { ports: { store } }), options),
    ),
  );
}

interface Ending {
  readonly policy: Policy;
  readonly now: () => Date;
}

/** With its card in the channel, everybody sees its end; before that it is between the bot and whoever asked. */
function endOf(from: Promotion, hasCard: boolean, { policy, now }: Ending): Change {
  const refusal = refuse('ended-by-restore', {});
  const to: Refused = { ...from, state: 'refused', refusal, endedAt: now().toISOString() };
  return {
    from,
    to,
    event: { kind: 'refused', actor: 'bot', data: { state: to.state, refusal } },
    posts: (anchor) =>
      hasCard
        ? [cardPost(to, anchor, { policy }), thread(anchored(planRefused(to), anchor))]
        : [{ kind: 'ephemeral', user: to.requester, message: anchored(refused(refusal), anchor) }],
  };
}
