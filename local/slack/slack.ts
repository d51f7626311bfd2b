import type { Tokens } from './api.ts';
import type { Deliveries, Weather } from './deliveries.ts';
import type { Attempt, Delivery, Outcome } from './delivery.ts';
import { exportChannel, type ExportedFile } from './export.ts';
import type { Fault, Faults } from './faults.ts';
import type { Stage } from './payloads.ts';
import { Person } from './person.ts';
import type { SeedChannel, SeedGroup, SeedUser } from './seed.ts';
import type { SocketMode } from './socket-mode.ts';
import type { Message, SlackFile, View } from './things.ts';
import type { Crossing, Transcript } from './transcript.ts';

/** What a {@link Slack} is made of. */
export interface Parts {
  readonly stage: Stage;
  readonly deliveries: Deliveries;
  readonly faults: Faults;
  readonly transcript: Transcript;
  readonly sockets: SocketMode;
  readonly tokens: Tokens;
  readonly signingSecret: string;
  readonly deliverTo: (url: string | undefined) => void;
  readonly stop: () => Promise<void>;
}

/** A running Slack, for whoever plays its people, reads what they see, and makes it fail. */
export class Slack {
  readonly parts: Parts;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  /** Where the page is: `http://127.0.0.1:<port>`. */
  get url(): string {
    return this.parts.stage.origin;
  }

  /** For `SLACK_API_URL`. */
  get apiUrl(): string {
    return `${this.url}/api/`;
  }

  get botToken(): string {
    return this.parts.tokens.bot;
  }

  get appToken(): string {
    return this.parts.tokens.app;
  }

  get signingSecret(): string {
    return this.parts.signingSecret;
  }

  /** The workspace's id. */
  get team(): string {
    return this.#workspace.seed.team.id;
  }

  /** The id of the seed's first channel. */
  get channel(): string {
    return this.#workspace.seed.channels[0]?.id ?? '';
  }

  get #workspace() {
    return this.parts.stage.workspace;
  }

  /** A person, by user id. Throws where there is none. */
  as(user: string): Person {
    return new Person(user, this.parts.stage, this.parts.deliveries);
  }

  /** What everybody sees in a channel, threads included, oldest first. */
  messages(channel = this.channel): readonly Message[] {
    return this.#workspace.messages(channel);
  }

  /** A thread: its parent, then the answers, oldest first. */
  thread(ts: string, channel = this.channel): readonly Message[] {
    return this.#workspace.thread(channel, ts);
  }

  /** What only this person sees, oldest first. */
  ephemerals(user: string): readonly Message[] {
    return [...this.#workspace.ephemerals.values()].filter((found) => found.ephemeralFor === user);
  }

  /** An uploaded file with its bytes. */
  file(id: string): SlackFile | undefined {
    return this.#workspace.files.get(id);
  }

  /** The modals that a person has open, the top one last. */
  views(user: string): readonly View[] {
    return [...this.#workspace.views.values()].filter((view) => view.user === user);
  }

  /** A person's App Home tab, once it was published. */
  homeOf(user: string): View | undefined {
    return this.#workspace.homes.get(user);
  }

  /** Waits until `look` finds something. Looks at every change of the workspace; throws after `timeout` milliseconds. */
  until<T>(look: () => T | undefined | false, timeout = 5_000): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const check = () => {
      try {
        const found = look();
        if (found) resolve(found);
      } catch (error) {
        reject(error as Error);
      }
    };
    const stops = [this.#workspace.onChange(check), this.parts.transcript.onAdd(check)];
    const timer = setTimeout(() => {
      check();
      reject(
        new Error(`Nothing came within ${timeout} ms of\n${String(look)}\n${this.#summary()}`),
      );
    }, timeout);
    check();
    return promise.finally(() => {
      clearTimeout(timer);
      for (const stop of stops) stop();
    });
  }

  #summary(): string {
    const ephemerals = [...this.#workspace.ephemerals.values()];
    const lines = [...this.messages(), ...ephemerals].map(
      ({ user, ephemeralFor, text }) =>
        `${user}${ephemeralFor ? ` → ${ephemeralFor}` : ''}: ${text}`,
    );
    return `The channel holds:\n${lines.join('\n')}`;
  }

  /** Every request and delivery that crossed the wire, in order. */
  transcript(): readonly Crossing[] {
    return this.parts.transcript.all();
  }

  /** A channel in the form of Slack's own export. */
  exportChannel(channel = this.channel): readonly ExportedFile[] {
    return exportChannel(this.#workspace, channel);
  }

  /** Makes calls fail. */
  fail(fault: Fault): void {
    this.parts.faults.add(fault);
  }

  /** Changes how deliveries travel from now on. */
  delivery(weather: Weather): void {
    this.parts.deliveries.change(weather);
  }

  /** Calls and deliveries go well again, and the clock is right. */
  heal(): void {
    this.parts.faults.clear();
    this.parts.deliveries.change({});
    this.#workspace.skew = 0;
  }

  /** Everything that was delivered so far, each once. */
  get delivered(): readonly Delivery[] {
    return this.parts.deliveries.sent;
  }

  /** Delivers something once more, as it was. */
  deliverAgain(delivery: Delivery, attempt?: Attempt): Promise<Outcome> {
    return this.parts.deliveries.again(delivery, attempt);
  }

  /** By signed HTTP to the app's request URL from now on, or through Socket Mode. */
  deliverTo(url: string | undefined): void {
    this.parts.deliverTo(url);
  }

  /** How many Socket Mode connections there are. */
  get connections(): number {
    return this.parts.sockets.connections;
  }

  /** Asks the app to connect anew, or cuts its Socket Mode connections. */
  disconnect(how: 'refresh_requested' | 'warning' | 'cut' = 'refresh_requested'): void {
    this.parts.sockets.disconnect(how);
  }

  /** Puts Slack's clock ahead by so many milliseconds: signatures, timestamps, `Date` headers. */
  skew(ms: number): void {
    this.#workspace.skew = ms;
  }

  /** Changes an account: renamed, deactivated, become a guest. */
  changeUser(id: string, change: Partial<SeedUser>): void {
    this.#workspace.users.set(id, { ...this.#workspace.user(id), ...change });
    this.#workspace.changed();
  }

  /** Gives the bot’s token other scopes. */
  grant(scopes: readonly string[]): void {
    this.#workspace.scopes = scopes;
  }

  changeChannel(id: string, change: Partial<SeedChannel>): void {
    this.#workspace.channels.set(id, { ...this.#workspace.channel(id), ...change });
    this.#workspace.changed();
  }

  changeGroup(id: string, change: Partial<SeedGroup>): void {
    const group = this.#workspace.groups.get(id);
    if (!group) throw new Error(`There is no user group ${id}`);
    this.#workspace.groups.set(id, { ...group, ...change });
    this.#workspace.changed();
  }

  /** Stops listening and cuts every connection. */
  stop(): Promise<void> {
    return this.parts.stop();
  }
}
