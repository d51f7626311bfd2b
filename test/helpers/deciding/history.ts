import fc from 'fast-check';
import type { Click, Delivery } from '../../../src/domain/delivery.ts';
import type { Reason } from '../../../src/domain/reasons.ts';
import type { Bots } from './bots.ts';
import { crashes, Model, stops, type Deed, type Fate, type Request } from './model.ts';
import { accounts, group } from './people.ts';
import { revisionOf } from './outside.ts';

const { alice, alicePlus, bob, bobAdmin, carol, nobody, guest } = accounts;
const people = [alice, bob, carol, alicePlus, bobAdmin, nobody, guest].map(
  ({ member }) => member.id,
);

function many<const T>(one: T, times: number): T[] {
  return Array.from({ length: times }, () => one);
}

const click = fc.record({
  deed: fc.constantFrom<Deed>(...many('approve', 3), 'reject', 'withdraw', 'stop', 'retry'),
  at: fc.nat({ max: 9 }),
  by: fc.nat({ max: people.length - 1 }),
  bot: fc.nat({ max: 3 }),
  isOldPlan: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
});
type RandomClick = typeof click extends fc.Arbitrary<infer T> ? T : never;

const fate = fc.constantFrom<Fate>(
  ...many('succeeds', 3),
  'fails',
  'refuses',
  ...crashes,
  ...stops,
);
const who = { by: fc.nat({ max: people.length - 1 }), bot: fc.nat({ max: 3 }) };
const does = <T extends string>(what: T) => fc.constant(what);

/** One thing that happens. */
const operation = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: does('ask'), tag: fc.nat({ max: 1 }), crash: fc.boolean(), ...who }),
  },
  { weight: 10, arbitrary: fc.record({ do: does('click'), click }) },
  { weight: 3, arbitrary: fc.record({ do: does('overtake'), click, other: click }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: does('tick'),
      fate,
      bots: fc.uniqueArray(who.bot, { minLength: 1 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: does('repeat'), delivery: fc.nat({ max: 99 }), bot: who.bot }),
  },
  { weight: 2, arbitrary: fc.record({ do: does('wait'), hours: fc.integer({ min: 1, max: 25 }) }) },
  { weight: 1, arbitrary: fc.record({ do: does('crash'), bot: who.bot }) },
  { weight: 1, arbitrary: fc.record({ do: does('policy') }) },
  { weight: 1, arbitrary: fc.record({ do: does('group'), who: fc.nat({ max: 2 }) }) },
);
export type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

/** What happens in a history, and to how many bots. */
export const histories = (length: number) =>
  fc.record({
    bots: fc.integer({ min: 2, max: 4 }),
    operations: fc.array(operation, { minLength: length, maxLength: length }),
  });

/** Counts of what was done and refused, over all histories: they must have been about something. */
export type Tally = Map<string, number>;

/** Plays operations against the bots and against the model, and compares after each. */
export class History {
  readonly #bots: Bots;
  readonly #model = new Model();
  readonly #number: number;
  readonly #size: number;
  readonly #tally: Tally;
  readonly #sent: ((bot: number) => Promise<unknown>)[] = [];
  readonly #expected: string[] = [];

  constructor(bots: Bots, given: { number: number; size: number; tally: Tally }) {
    this.#bots = bots;
    this.#number = given.number;
    this.#size = given.size;
    this.#tally = given.tally;
    bots.newId = () => `h${given.number}-${this.#model.requests.length}`;
    bots.now = 0;
    bots.group = new Set(group);
    bots.refusals = [];
    bots.runs = [];
    bots.published.clear();
    if (bots.required !== 1) bots.configure(1);
  }

  /** Does it on both sides. Throws where they differ. */
  async play(operation_: Operation): Promise<void> {
    await this.#perform(operation_);
    await this.#compare(JSON.stringify(operation_));
  }

  /** Ends what is open, so that no history is in the way of the next. */
  async end(): Promise<void> {
    await this.#tick('succeeds', [0]);
    for (const [n, at] of this.#model.requests.entries())
      if (['pending', 'failed'].includes(at.state)) await this.#withdraw(n);
    await this.#compare('end');
  }

  async #perform(what: Operation): Promise<void> {
    switch (what.do) {
      case 'ask':
        return this.#ask(what);
      case 'click':
        return this.#clickAlone(what.click);
      case 'overtake':
        return this.#overtake(what.click, what.other);
      case 'tick':
        return this.#tick(
          what.fate,
          what.bots.map((bot) => bot % this.#size),
        );
      case 'repeat':
        return void (await this.#sent[what.delivery % this.#sent.length]?.(what.bot % this.#size));
      case 'wait':
        this.#model.now = this.#bots.now += what.hours;
        return undefined;
      case 'crash':
        return this.#bots.crash(what.bot % this.#size);
      case 'policy':
        this.#model.required = 3 - this.#model.required;
        return this.#bots.configure(this.#model.required);
      case 'group':
        return this.#toggle(people[what.who] ?? '');
    }
  }

  #toggle(user: string): void {
    const { approvers } = this.#model;
    if (!approvers.delete(user)) approvers.add(user);
    this.#bots.group = new Set(approvers);
  }

  /** Not while it is open who gets the target: something else with the same one is about to move. */
  async #ask({ tag: n, by, bot, crash }: Extract<Operation, { do: 'ask' }>): Promise<void> {
    const revision = revisionOf(this.#number * 2 + n);
    const mayMove = ({ state, tag, expires }: Request) =>
      tag === revision &&
      (['approved', 'pushing'].includes(state) ||
        (state === 'pending' && this.#model.now >= expires));
    if (this.#model.requests.length === 10 || this.#model.requests.some(mayMove)) return;
    const user = people[by]!;
    const delivery = { ...this.#delivery(user), text: `build-decision ${revision}` };
    await this.#send((n_) => this.#bots.bot(n_).onCommand(delivery), bot);
    const reason = this.#model.ask(user, revision);
    if (reason) this.#expected.push(reason);
    if (crash) await this.#bots.crash(bot % this.#size);
    await this.#tick('succeeds', [bot % this.#size]);
  }

  #delivery(user: string): Delivery {
    const envelope = `${this.#number} ${this.#sent.length}`;
    return { user, envelope, team: 'T0LOCAL01', channel: 'C0IMAGES1' };
  }

  async #send(deliver: (bot: number) => Promise<unknown>, bot: number): Promise<void> {
    this.#sent.push(deliver);
    await deliver(bot % this.#size);
  }

  async #clickAlone(random: RandomClick): Promise<void> {
    const click_ = this.#click(random);
    await click_?.send();
    click_?.settle();
  }

  #click({ deed, at, by, bot, isOldPlan }: RandomClick): Clicked | undefined {
    const { requests } = this.#model;
    const n = at % Math.max(1, requests.length);
    const request = requests[n];
    if (!request) return undefined;
    const user = people[by]!;
    const weigh = (on: Request) => this.#model.click(deed, on, { user, isOldPlan });
    return {
      // A refusal stands as it was made; whoever is not refused is decided again where somebody was faster.
      early: () => weigh({ ...request, approvals: [...request.approvals] }),
      send: async () => {
        const delivery = this.#delivery(user);
        await this.#send(async (to) => {
          const promotion = `h${this.#number}-${n}`;
          const known = await this.#bots.store.get(promotion);
          const planHash = isOldPlan ? 'of another plan' : planHashOf(known);
          const decision: Click = { ...delivery, action: deed, promotion, planHash };
          return this.#bots.bot(to).onDecision(decision);
        }, bot);
      },
      settle: (reason = weigh(request)) => {
        this.#count(`${deed}: ${reason ?? 'counts'}`);
        if (reason) this.#expected.push(reason);
      },
    };
  }

  /** A click that was read before another one was decided. */
  async #overtake(slow: RandomClick, fast: RandomClick): Promise<void> {
    const first = this.#click({ ...slow, deed: looksUp(slow.deed) ? slow.deed : 'approve' });
    const second = this.#click({ ...fast, at: slow.at });
    if (!first || !second) return;
    const reached = Promise.withResolvers<void>();
    const opened = Promise.withResolvers<void>();
    this.#bots.gate = opened.promise;
    this.#bots.onLookUp = reached.resolve;
    const deciding = first.send();
    await reached.promise;
    this.#bots.gate = undefined;
    this.#bots.onLookUp = () => {};
    const refused = first.early();
    await second.send();
    second.settle();
    opened.resolve();
    await deciding;
    first.settle(refused);
    this.#count('overtaken');
  }

  /** Several bots at once; but for a crash one alone, with one push that it can happen to. */
  async #tick(wanted: Fate, bots: readonly number[]): Promise<void> {
    const { requests } = this.#model;
    const toPush = requests.filter(({ state }) => ['approved', 'pushing'].includes(state));
    const begun = this.#model.runs.length;
    const needsOne = [...crashes, ...stops].includes(wanted as never);
    const fate_ = needsOne && toPush.length !== 1 ? 'fails' : wanted;
    const refused = this.#model.refusals.length;
    this.#model.tick(fate_);
    this.#expected.push(...this.#model.refusals.slice(refused));
    this.#bots.onStop = () => this.#stop(toPush[0]!, bots[0]!);
    const isReached = this.#model.runs.length > begun;
    this.#bots.fate = fate_;
    if (isReached) this.#count(`a push ${fate_}`);
    if (!crashes.includes(fate_ as never) || !isReached) {
      await Promise.all(bots.map((n) => this.#bots.bot(n).onTick()));
      return;
    }
    const [bot = 0] = bots;
    const crashed = Promise.withResolvers<void>();
    this.#bots.onCrash = crashed.resolve;
    // A tick that ends without it is found by what it left, and not by waiting for ever.
    await Promise.race([crashed.promise, this.#bots.bot(bot).onTick()]);
    await this.#bots.crash(bot);
  }

  /** Whoever asked clicks Stop, at some bot. */
  async #stop(request: Request, bot: number): Promise<void> {
    const promotion = `h${this.#number}-${this.#model.requests.indexOf(request)}`;
    const decision = { ...this.#delivery(request.requester), promotion, planHash: '' };
    await this.#send((n) => this.#bots.bot(n).onDecision({ ...decision, action: 'stop' }), bot + 1);
  }

  async #withdraw(n: number): Promise<void> {
    const user = this.#model.requests[n]!.requester;
    const by = people.indexOf(user);
    await this.#clickAlone({ deed: 'withdraw', at: n, by, bot: 0, isOldPlan: false });
  }

  async #compare(after: string): Promise<void> {
    const { requests } = this.#model;
    const newest = await this.#bots.store.list({ limit: requests.length + 1 });
    const ours = newest.filter(({ id }) => id.startsWith(`h${this.#number}-`)).toReversed();
    const actual = ours.map((one) => `${one.state} ${approvalsOf(one)}`);
    const expected = requests.map(({ state, approvals }) => `${state} ${approvals.join()}`);
    const sides = [
      [actual, expected],
      [this.#bots.refusals, this.#expected],
      [this.#bots.runs.toSorted(), this.#model.runs.toSorted()],
    ];
    for (const [is, should] of sides) {
      if (is!.join('; ') === should!.join('; ')) continue;
      throw new Error(`after ${after}:\n  ${is!.join('; ')}\ninstead of\n  ${should!.join('; ')}`);
    }
  }

  #count(what: string): void {
    this.#tally.set(what, (this.#tally.get(what) ?? 0) + 1);
  }
}

interface Clicked {
  /** What the model makes of it now, changing nothing. */
  early(): Reason | undefined;
  send(): Promise<void>;
  /** Tells the model. */
  settle(reason?: Reason): void;
}

/** Whether the bot asks Slack who that is: it can be overtaken then. */
function looksUp(deed: Deed): boolean {
  return deed !== 'withdraw' && deed !== 'stop';
}

type Known = Awaited<ReturnType<Bots['store']['get']>>;

function planHashOf(promotion: Known): string {
  return promotion && 'planHash' in promotion ? (promotion.planHash ?? '') : '';
}

function approvalsOf(promotion: NonNullable<Known>): string {
  const approvals = 'approvals' in promotion ? (promotion.approvals ?? []) : [];
  return approvals.map(({ user }) => user).join();
}
