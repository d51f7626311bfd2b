import { ApiError } from './api-error.ts';
import { elementsOf, type Element } from './block-check.ts';
import type { Deliveries } from './deliveries.ts';
import type { Delivery, Outcome } from './delivery.ts';
import { incomplete, stateOf, type Entries } from './inputs.ts';
import {
  actionDelivery,
  commandDelivery,
  homeDelivery,
  viewDelivery,
  type Pressed,
  type Stage,
} from './payloads.ts';
import { post } from './posting.ts';
import { respond } from './responses.ts';
import { takeSubmission } from './submissions.ts';
import type { Message, View } from './things.ts';

/** What came of something that a person did. */
export interface Answer {
  /** What the app acknowledged with, where it acknowledged with something. */
  readonly ack?: unknown;
  /** Why it did not work: `operation_timeout`, `dispatch_failed`, or a code of Slack's about the app's answer. */
  readonly error?: string;
  /** Problems of a form, by block id; the form stays open. */
  readonly problems?: Readonly<Record<string, string>>;
  /** Milliseconds until the acknowledgement. */
  readonly ms: number;
}

/** Where a button is: a message by its `ts`, a message as it once stood, the newest in a thread that has it, or a view. */
export type Where = string | Message | { readonly thread: string } | { readonly view: string };

export interface ClickOptions {
  readonly block?: string | undefined;
  /** For menus: the value chosen, or several. */
  readonly chosen?: string | readonly string[] | undefined;
}

/** A person of the workspace, at their Slack. */
export class Person {
  readonly id: string;
  readonly #stage: Stage;
  readonly #deliveries: Deliveries;

  constructor(id: string, stage: Stage, deliveries: Deliveries) {
    stage.workspace.user(id);
    this.id = id;
    this.#stage = stage;
    this.#deliveries = deliveries;
  }

  /** Types a slash command, in the main channel by default. Its failure is shown to the person as Slack shows it. */
  async command(
    command: string,
    text = '',
    { channel = this.#stage.workspace.seed.channels[0]?.id ?? '' } = {},
  ): Promise<Answer> {
    const { workspace } = this.#stage;
    const known = workspace.seed.commands.find((seeded) => seeded.command === command);
    if (!known) return { error: 'unknown_command', ms: 0 };
    const written = known.shouldEscape ? this.#escape(text) : text;
    const typed = { user: this.id, command, text: written.trim(), channel };
    const answer = await this.#deliver(commandDelivery(this.#stage, typed));
    const told = answer.ack === undefined ? answer : this.#respond(answer, channel);
    if (told.error) this.#tell(channel, `${command} failed with the error “${told.error}”`);
    return told;
  }

  #escape(text: string): string {
    const { users } = this.#stage.workspace;
    return text.replaceAll(/@([\w.-]+)/g, (whole, name: string) => {
      const user = [...users.values()].find((found) => found.name === name);
      return user ? `<@${user.id}|${user.name}>` : whole;
    });
  }

  #respond(answer: Answer, channel: string): Answer {
    try {
      respond(this.#stage.workspace, { user: this.id, channel }, answer.ack);
      return answer;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return { ...answer, error: 'invalid_command_response' };
    }
  }

  #tell(channel: string, text: string): void {
    const place = { channel, user: 'USLACKBOT', ephemeralFor: this.id };
    post(this.#stage.workspace, place, { text });
  }

  /** Writes an ordinary message, in the main channel by default. */
  say(text: string, { channel, thread }: { channel?: string; thread?: string } = {}): Message {
    const { workspace } = this.#stage;
    const main = workspace.seed.channels[0]?.id ?? '';
    return post(workspace, { channel: channel ?? main, user: this.id, thread }, { text });
  }

  /**
   * Clicks a button, or chooses in a menu; `block` tells several of one name apart. A confirm dialog counts as confirmed. Given a message as it once stood, the
   * click is one that was under way while the message changed. Throws where there is no such button.
   */
  async click(
    where: Where,
    actionId: string,
    { block, chosen }: ClickOptions = {},
  ): Promise<Answer> {
    const on = this.#find(where, actionId);
    const blocks = ('message' in on ? on.message.blocks : on.view.blocks) ?? [];
    for (const candidate of blocks) {
      if (block !== undefined && candidate.block_id !== block) continue;
      const element = elementsOf(candidate).find((found) => isNamed(found, actionId));
      if (!element) continue;
      const pressed: Pressed = { user: this.id, on, blockId: candidate.block_id, element, chosen };
      return await this.#deliver(actionDelivery(this.#stage, pressed));
    }
    throw new Error(`There is no ${actionId} to click on in ${JSON.stringify(blocks)}`);
  }

  #find(where: Where, actionId: string): Pressed['on'] {
    const { workspace } = this.#stage;
    if (typeof where === 'object' && 'view' in where) {
      const home = workspace.homes.get(this.id);
      const view = home?.id === where.view ? home : workspace.views.get(where.view);
      if (view?.user === this.id) return { view };
      throw new Error(`${this.id} has no view ${where.view}`);
    }
    if (typeof where === 'object' && 'ts' in where) return { message: where };
    const message =
      typeof where === 'string' ? workspace.find(where) : this.#newestIn(where.thread, actionId);
    const isTheirs = !message?.ephemeralFor || message.ephemeralFor === this.id;
    if (message && isTheirs) return { message };
    throw new Error(`${this.id} sees no message with ${actionId} at ${JSON.stringify(where)}`);
  }

  #newestIn(thread: string, actionId: string): Message | undefined {
    const { workspace } = this.#stage;
    const channel = workspace.find(thread)?.channel ?? '';
    const ephemerals = [...workspace.ephemerals.values()].filter(
      (message) => message.thread_ts === thread && message.ephemeralFor === this.id,
    );
    return [...workspace.thread(channel, thread), ...ephemerals].findLast((message) =>
      message.blocks?.some((block) => elementsOf(block).some((found) => isNamed(found, actionId))),
    );
  }

  /** Submits a modal. What a required field lacks is told without asking the app, as Slack's own client does. */
  async submit(view: string | View, entries: Entries = {}): Promise<Answer> {
    const { workspace } = this.#stage;
    const open = this.#openView(view);
    const values = stateOf(open.blocks, entries);
    const problems = incomplete(open.blocks, values);
    if (Object.keys(problems).length > 0) return { problems, ms: 0 };
    const filled = { ...open, state: { values } };
    workspace.views.set(open.id, filled);
    const answer = await this.#deliver(viewDelivery(this.#stage, filled, 'view_submission'));
    return answer.error ? answer : { ...answer, ...takeSubmission(workspace, filled, answer.ack) };
  }

  /** Closes a modal; the app hears of it where it asked to. */
  async close(view: string | View): Promise<Answer> {
    const { workspace } = this.#stage;
    const open = this.#openView(view);
    workspace.views.delete(open.id);
    workspace.changed();
    if (!open.notify_on_close) return { ms: 0 };
    return await this.#deliver(viewDelivery(this.#stage, open, 'view_closed'));
  }

  #openView(view: string | View): View {
    const id = typeof view === 'string' ? view : view.id;
    const open = this.#stage.workspace.views.get(id);
    if (open?.user === this.id) return open;
    throw new Error(`${this.id} has no open view ${id}`);
  }

  /** Opens the App Home tab. */
  async home(): Promise<Answer> {
    return await this.#deliver(homeDelivery(this.#stage, this.id));
  }

  async #deliver(delivery: Delivery): Promise<Answer> {
    const start = performance.now();
    const outcome: Outcome = await this.#deliveries.send(delivery);
    const ms = performance.now() - start;
    if ('error' in outcome) return { error: outcome.error, ms };
    return outcome.ack === undefined ? { ms } : { ack: outcome.ack, ms };
  }
}

const isNamed = (element: Element, actionId: string): boolean => element.action_id === actionId;
