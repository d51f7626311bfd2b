import type { Wish } from './wish.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { people } from '../../../../local/seed.ts';
import type { Message } from '../../../../local/slack/things.ts';
import { buttons } from '../../scenarios/reading.ts';
import { pick, type Random } from './random.ts';
import type { World } from './world.ts';

const { alice, bob, carol } = people;

const fates = ['approve', 'approve', 'approve', 'approve', 'reject', 'withdraw', 'stop'] as const;

/** People: they ask, and ask again where Slack says that it failed; they decide whatever shows them a button. */
export class Crowd {
  readonly #world: World;
  readonly #random: Random;
  readonly #busy = new Set<string>();
  readonly #acting = new Set<Promise<void>>();
  #isHere = true;

  constructor(world: World, random: Random) {
    this.#world = world;
    this.#random = random;
    this.#act(this.#decide());
  }

  /** Somebody wants a new build promoted; the rest takes its course. */
  async want(
    given: Partial<Pick<Wish, 'image' | 'fate'>> & { size?: number; base?: string } = {},
  ): Promise<Wish> {
    const image = given.image ?? pick(this.#random, Object.keys(this.#world.policy.images));
    const fate = given.fate ?? pick(this.#random, fates);
    const { taskId } = await this.#world.build(image, given);
    const wish: Wish = { image, taskId, fate, asked: 0, acknowledged: 0 };
    this.#world.wishes.push(wish);
    this.#act(this.#ask(wish));
    return wish;
  }

  /** Slack delivers something once more that it delivered before. */
  deliverAgain(): void {
    const { slack } = this.#world;
    if (slack.delivered.length === 0) return;
    // There are more clicks than commands, and a command that counts twice does more.
    const commands = slack.delivered.filter(({ type }) => type === 'slash_commands');
    const isCommand = commands.length > 0 && this.#random() < 0.5;
    const delivery = pick(this.#random, isCommand ? commands : slack.delivered);
    this.#act(slack.deliverAgain(delivery).then(() => undefined));
  }

  /** Cards that still show the button. */
  undecided(): readonly Message[] {
    return this.#cards().filter((card) => buttons(card).includes('approve'));
  }

  /** Cards of pushes that may be stopped. */
  #pushed(): readonly Message[] {
    return this.#cards().filter((card) => buttons(card).includes('stop'));
  }

  /** Whether everybody has done what they can. */
  get isContent(): boolean {
    return (
      this.#world.wishes.every(({ acknowledged }) => acknowledged > 0) && this.#busy.size === 0
    );
  }

  async leave(): Promise<void> {
    this.#isHere = false;
    await Promise.all(this.#acting);
  }

  #act(acting: Promise<void>): void {
    this.#acting.add(acting);
    void acting.finally(() => this.#acting.delete(acting));
  }

  async #ask(wish: Wish): Promise<void> {
    while (this.#isHere && wish.acknowledged === 0) {
      const { slack } = this.#world;
      if (this.#world.isReachable) {
        wish.asked += 1;
        const line = `${wish.image} ${wish.taskId}`;
        const answer = await slack.as(alice).command('/promote-image', line);
        if (!answer.error) wish.acknowledged += 1;
      }
      await sleep(20);
    }
  }

  async #decide(): Promise<void> {
    while (this.#isHere) {
      for (const card of [...this.undecided(), ...this.#pushed()]) {
        if (this.#busy.has(card.ts)) continue;
        const says = JSON.stringify(card.blocks);
        const wish = this.#world.wishes.find(({ taskId }) => says.includes(taskId));
        if (!wish || (wish.fate !== 'stop' && buttons(card).includes('stop'))) continue;
        this.#busy.add(card.ts);
        this.#act(this.#click(card, wish).finally(() => this.#busy.delete(card.ts)));
      }
      await sleep(50);
    }
  }

  async #click(card: Message, { fate }: Wish): Promise<void> {
    const { slack } = this.#world;
    if (!this.#world.isReachable) return;
    if (fate === 'withdraw') await slack.as(alice).click(card, 'withdraw');
    if (fate === 'reject') await this.#reject(card);
    if (buttons(card).includes('stop')) {
      await slack.as(this.#random() < 0.5 ? alice : bob).click(card, 'stop');
    } else if (fate === 'approve' || fate === 'stop') {
      // Now and then two are equally quick.
      const second = this.#random() < 0.3 ? slack.as(carol).click(card, 'approve') : undefined;
      await Promise.all([slack.as(bob).click(card, 'approve'), second]);
    }
    await sleep(30);
  }

  async #reject(card: Message): Promise<void> {
    const { slack } = this.#world;
    const before = new Set(slack.views(bob).map(({ id }) => id));
    const clicked = await slack.as(bob).click(card, 'reject');
    if (clicked.error) return;
    const view = await slack
      .until(() => slack.views(bob).find(({ id }) => !before.has(id)), 1000)
      .catch(() => undefined);
    if (!view) return;
    await slack.as(bob).submit(view, { why: 'not today' });
    if (slack.views(bob).some(({ id }) => id === view.id)) await slack.as(bob).close(view);
  }

  #cards(): readonly Message[] {
    return this.#world.slack
      .messages()
      .filter(({ ts, thread_ts, user }) => (thread_ts ?? ts) === ts && user !== alice);
  }
}
