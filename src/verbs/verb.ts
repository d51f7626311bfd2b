import type { Config } from '../service/load-config.ts';

/** What a verb gets: its own words, the checked configuration when it asks for it, and where to print. */
export interface VerbContext {
  readonly args: readonly string[];
  /** Throws a {@link Failure} that lists every problem. */
  readonly config: () => Promise<Config>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly print: (text: string) => void;
  readonly now: () => Date;
}

/** Resolves when done; throws {@link Usage} for words it does not take, and a Failure or PromotionError otherwise. */
export type Verb = (context: VerbContext) => Promise<void>;

/** Wrong words: exit code 2, with the line that works. */
export class Usage extends Error {
  override readonly name = 'Usage';
}

/** Refused or failed: exit code 1, the reason in one short paragraph. */
export class Failure extends Error {
  override readonly name = 'Failure';
}
