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

/** `--name value` and `--flag` out of the words; what is left are positionals. Throws {@link Usage} for others. */
export function readWords(
  args: readonly string[],
  {
    options = [],
    flags = [],
    usage,
  }: {
    readonly options?: readonly string[];
    readonly flags?: readonly string[];
    readonly usage: string;
  },
): {
  readonly values: Readonly<Record<string, string>>;
  readonly set: ReadonlySet<string>;
  readonly rest: readonly string[];
} {
  const values: Record<string, string> = {};
  const set = new Set<string>();
  const rest: string[] = [];
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at] ?? '';
    const [name = '', inline] = word.split(/=(.*)/s);
    if (flags.includes(word)) set.add(word);
    else if (options.includes(name)) {
      const value = inline ?? args[(at += 1)];
      if (value === undefined) throw new Usage(usage);
      values[name] = value;
    } else if (word.startsWith('-')) throw new Usage(usage);
    else rest.push(word);
  }
  return { values, set, rest };
}
