import { z } from 'zod';
import { PromotionError, refuse, type Refusal } from '../domain/errors.ts';
import { printable, type Work } from './connection.ts';

/**
 * One line of what the engine tells while it loads or pushes.
 * @see https://docs.docker.com/reference/api/engine/ (`/images/load`, `/images/{name}/push`)
 */
const eventSchema = z.looseObject({
  status: z.string().optional(),
  id: z.string().optional(),
  stream: z.string().optional(),
  error: z.string().optional(),
  errorDetail: z.looseObject({ message: z.string().optional() }).optional(),
  progressDetail: z
    .looseObject({ current: z.number().optional(), total: z.number().optional() })
    .optional(),
  aux: z.unknown().optional(),
});
export type EngineEvent = Readonly<z.infer<typeof eventSchema>>;

export interface EventOptions {
  readonly work: Work;
  readonly onEvent: (event: EngineEvent) => void;
  /** What an error of the engine means, where that is known. */
  readonly meaning?: ((message: string) => Refusal | undefined) | undefined;
}

/** Real lines have a few hundred bytes. */
const longestLine = 1024 * 1024;

/**
 * Reads the engine's answer to its end. It answers 200 before it has done anything, so what went wrong stands in here:
 * any error, any line that is not JSON or not an event is a failure, the last line too where no line break ends it.
 * Throws a PromotionError `docker-failed` or `docker-nonsense`; an error of `answer` itself comes through as it is.
 * That the outcome is there is for the caller to check: an answer may just end.
 */
export async function readEvents(
  answer: AsyncIterable<Uint8Array>,
  options: EventOptions,
): Promise<void> {
  for await (const line of linesOf(answer, options.work)) {
    const event = parseEvent(line, options.work);
    if (event) take(event, options);
  }
}

function take(event: EngineEvent, { work, onEvent, meaning }: EventOptions): void {
  if (event.error === undefined && event.errorDetail === undefined) return onEvent(event);
  const message = event.errorDetail?.message || event.error || 'it did not say why';
  const problem = printable(message);
  throw new PromotionError(
    meaning?.(message) ?? refuse('docker-failed', { what: work.verb, problem }),
  );
}

/** Bytes between line breaks: a character may be split between chunks, a line never is. */
async function* linesOf(answer: AsyncIterable<Uint8Array>, work: Work): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer) {
    let from = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, from)) {
      yield Buffer.concat([...held, chunk.subarray(from, end)]);
      held = [];
      size = 0;
      from = end + 1;
    }
    if (from === chunk.length) continue;
    held.push(chunk.subarray(from));
    size += chunk.length - from;
    if (size > longestLine) throw nonsense(work, `a line is longer than ${longestLine} bytes`);
  }
  if (size > 0) yield Buffer.concat(held);
}

function parseEvent(line: Uint8Array, work: Work): EngineEvent | undefined {
  let value: unknown;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(line);
    if (text.trim() === '') return undefined;
    value = JSON.parse(text);
  } catch {
    throw nonsense(work, 'a line is not JSON');
  }
  const event = eventSchema.safeParse(value);
  if (!event.success) throw nonsense(work, 'a line is not an event');
  return event.data;
}

/** What `docker-nonsense` says of this work. */
export function nonsense(work: Work, problem: string): PromotionError {
  return new PromotionError(refuse('docker-nonsense', { what: work.noun, problem }));
}
