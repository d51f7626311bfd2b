import { mayAct } from '../domain/approval.ts';
import { answerRefusal } from './answer.ts';
import type { Delivery, Visitor } from '../domain/delivery.ts';
import type { Bot } from '../ports.ts';
import type { Using } from './hands.ts';
import { orRefusal, isRefusal, refuse, type Refusal } from '../domain/errors.ts';

/** What knowing members from strangers takes. */
export type Admitting = Using<'policy' | 'now', 'store' | 'people'>;

/**
 * The same bot, but for full members of our own workspace alone, and in the configured channel alone. Whatever decides
 * asks Slack again at that very moment, for itself.
 */
export function amongMembers(bot: Bot, options: Admitting): Bot {
  const { policy, ports } = options;
  const unfit = rememberingUnfit(options);
  const ofOurs = ({ team }: Visitor): Refusal | undefined =>
    team === policy.slack.team ? undefined : refuse('foreign-workspace', {});
  const place = (delivery: Delivery): Refusal | undefined => {
    const { channel } = policy.slack;
    return (
      ofOurs(delivery) ??
      (delivery.channel === channel ? undefined : refuse('wrong-place', { channel }))
    );
  };
  const refusalOf = async (delivery: Delivery) => place(delivery) ?? (await unfit(delivery.user));
  const tell = (refusal: Refusal, delivery: Delivery) =>
    answerRefusal(refusal, delivery, ports.store);
  return {
    ...bot,
    async onCommand(delivery) {
      const refusal = await refusalOf(delivery);
      return refusal ? tell(refusal, delivery) : bot.onCommand(delivery);
    },
    async onAsk(delivery, ask) {
      const refusal = await refusalOf(delivery);
      return refusal ? tell(refusal, delivery) : bot.onAsk(delivery, ask);
    },
    async onDecision(click) {
      const refusal = place(click);
      return refusal ? tell(refusal, click) : bot.onDecision(click);
    },
    async mayReject(click) {
      const refusal = place(click);
      return refusal ? tell(refusal, click) : bot.mayReject(click);
    },
    details: async (click) => (await refusalOf(click)) ?? bot.details(click),
    mayLook: async (visitor) => ofOurs(visitor) ?? (await unfit(visitor.user)),
  };
}

/** Milliseconds for which Slack’s word of an account is good enough to let it look, and how many are kept. */
const fresh = 5000;
const mostKept = 500;

/** What keeps an account from looking, by Slack’s word of now or of a moment ago; where Slack says nothing, that. */
function rememberingUnfit({
  ports: { people },
  now,
}: Admitting): (user: string) => Promise<Refusal | undefined> {
  const known = new Map<string, { readonly refusal: Refusal | undefined; readonly at: number }>();
  return async (user) => {
    const at = now().getTime();
    const before = known.get(user);
    if (before && at - before.at < fresh) return before.refusal;
    const member = await orRefusal(people.member(user));
    if (isRefusal(member)) return member;
    const refusal = mayAct(member);
    known.delete(user);
    const [oldest] = known.keys();
    if (known.size >= mostKept && oldest !== undefined) known.delete(oldest);
    known.set(user, { refusal, at });
    return refusal;
  };
}
