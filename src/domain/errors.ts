import { reasons, type Facts, type Reason } from './reasons.ts';
import type { Sentence } from './reasons/sentences.ts';

/** An expected "no": a reason and the facts its sentences need. Plain data: stored, logged and shown as it is. */
export interface Refusal {
  readonly outcome: 'refused';
  readonly reason: Reason;
  readonly facts: Readonly<Record<string, string>>;
}

/** Makes a {@link Refusal}; the compiler asks for exactly the facts that the reason's sentences name. */
export function refuse<R extends Reason>(reason: R, facts: Facts<R>): Refusal {
  return { outcome: 'refused', reason, facts };
}

/**
 * A world that is broken, or input that is refused deep inside a stream: the same closed list of reasons, thrown.
 * `cause` is for the log only; it is never shown, and adapters never put a secret's neighbourhood into it.
 */
export class PromotionError extends Error implements Omit<Refusal, 'outcome'> {
  override readonly name = 'PromotionError';
  readonly reason: Reason;
  readonly facts: Readonly<Record<string, string>>;

  constructor(refusal: Refusal, options?: { readonly cause?: unknown }) {
    super(explain(refusal), options);
    this.reason = refusal.reason;
    this.facts = refusal.facts;
  }

  /** The same as a value, for where it is reported. */
  get refusal(): Refusal {
    return { outcome: 'refused', reason: this.reason, facts: this.facts };
  }
}

/** Throws the reason as a {@link PromotionError}. */
export function fail<R extends Reason>(reason: R, facts: Facts<R>, cause?: unknown): never {
  throw new PromotionError(refuse(reason, facts), cause === undefined ? undefined : { cause });
}

/** Whether the database did not take or give something: then nobody knows what is recorded. */
export function isDatabaseTrouble(error: unknown): boolean {
  return error instanceof PromotionError && error.reason === 'database-failed';
}

/** Whether `retry` may go on under the same approval: the reason says so. */
export function isRetryable({ reason }: Refusal): boolean {
  return reasons[reason].retry;
}

export function isRefusal(value: unknown): value is Refusal {
  return (
    typeof value === 'object' && value !== null && 'outcome' in value && value.outcome === 'refused'
  );
}

/** What broke, as a value, where one part's trouble is to hide nothing else. */
export async function orRefusal<T>(work: Promise<T>): Promise<T | Refusal> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof PromotionError) return error.refusal;
    throw error;
  }
}

/** A fact of a reason, by its name, as it is shown; with its marks where it stands in a code span. */
export type Show = (fact: string, name: string, isCode: boolean) => string;

const asItIs: Show = (fact, _, isCode) => (isCode ? `\`${fact}\`` : fact);

/** What happened, without the next move. */
export function whatHappened(refusal: Pick<Refusal, 'reason' | 'facts'>): string {
  return fill(reasons[refusal.reason].says, refusal, asItIs);
}

/** What happened, in one short paragraph: the sentence and the next move. `show` may escape the facts. */
export function explain(refusal: Refusal, show: Show = asItIs): string {
  const { says, next } = reasons[refusal.reason];
  return `${fill(says, refusal, show)} ${fill(next, refusal, show)}`;
}

function fill(
  sentence: string,
  { reason, facts }: Pick<Refusal, 'reason' | 'facts'>,
  show: Show,
): string {
  const { usually = {} }: Sentence = reasons[reason];
  return sentence.replaceAll(
    /`\{(\w+)\}`|\{(\w+)\}/g,
    (_, inCode: string | undefined, name: string = inCode ?? '') =>
      show(facts[name] ?? usually[name] ?? '?', name, inCode !== undefined),
  );
}

/** Why the signal was aborted, as an error with a reason. */
export function interruption(signal: AbortSignal): PromotionError {
  return signal.reason instanceof PromotionError
    ? signal.reason
    : new PromotionError(refuse('interrupted', {}));
}
