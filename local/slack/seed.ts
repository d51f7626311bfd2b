/** What a Slack account can be. Everything but `full` may never decide anything. */
export type UserKind =
  | 'full'
  | 'guest'
  | 'ultra-restricted'
  | 'bot'
  | 'workflow-bot'
  | 'app'
  | 'deactivated'
  | 'invited'
  /** Of another workspace, here through Slack Connect. */
  | 'stranger';

export interface SeedUser {
  /** `U…` or `W…`. */
  readonly id: string;
  /** The handle, without `@`. */
  readonly name: string;
  readonly realName: string;
  readonly email?: string;
  /** `full` by default. */
  readonly kind?: UserKind;
  /** The workspace's own by default. */
  readonly team?: string;
  /** The id that all accounts of one person share across an Enterprise Grid. */
  readonly enterpriseUser?: string;
  /** What the page says about the person: `release engineer`, `approver`, … */
  readonly title?: string;
}

export interface SeedChannel {
  readonly id: string;
  readonly name: string;
  readonly topic?: string;
  readonly isPrivate?: boolean;
  readonly isArchived?: boolean;
  /** Shared with another workspace through Slack Connect. */
  readonly isShared?: boolean;
  /** Another workspace is invited to share it. */
  readonly isPendingShared?: boolean;
  /** Shared with another workspace of the same Enterprise organisation. */
  readonly isOrgShared?: boolean;
  /** User ids; everybody and the bot by default. */
  readonly members?: readonly string[];
}

export interface SeedGroup {
  /** `S…` */
  readonly id: string;
  readonly handle: string;
  readonly name: string;
  readonly users: readonly string[];
  readonly isDisabled?: boolean;
}

export interface SeedBot {
  /** `B…`, `U…` and `A…`: the bot, its user and its app. */
  readonly id: string;
  readonly user: string;
  readonly app: string;
  /** What people read: `promote-image`. */
  readonly name: string;
  /** The scopes the bot token has; without them every method is allowed. */
  readonly scopes?: readonly string[];
}

export interface SeedCommand {
  /** With its slash. */
  readonly command: string;
  readonly description?: string;
  /** `<image> <build>` */
  readonly usage?: string;
  /** Whole lines, offered by the page with one click; `about` says in a few words what the line shows. */
  readonly examples?: readonly (string | { readonly line: string; readonly about: string })[];
  /** Mentions in the text arrive as `<@U…>`. */
  readonly shouldEscape?: boolean;
}

/** A workspace as it is on the first day. The first channel is the one that {@link Slack.channel} names. */
export interface Seed {
  readonly team: { readonly id: string; readonly name: string; readonly domain: string };
  readonly channels: readonly SeedChannel[];
  readonly users: readonly SeedUser[];
  readonly groups?: readonly SeedGroup[];
  readonly bot: SeedBot;
  readonly commands: readonly SeedCommand[];
}
