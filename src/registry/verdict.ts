import { PromotionError, refuse, type Refusal } from '../domain/errors.ts';
import { retryAfter } from '../net/retry-after.ts';
import type { HttpAnswer, HttpRequest } from './http.ts';
import { Transient, type Pace } from './retry.ts';
import { quoted, type Said } from './said.ts';

/** What is known of a request whose answer is no answer. */
export interface Asked {
  readonly what: string;
  readonly method: HttpRequest['method'];
  /** `name:tag`, for whoever reads why it was refused. */
  readonly subject: string;
  readonly said: Said;
  readonly pace: Pace;
}

/**
 * What a status that nobody expected means, other than that we may not: a Transient where it may pass, else a
 * PromotionError. There are fewer statuses than reasons: what each registry means by a 400 or 403 stands in its words.
 */
export function verdict(answer: HttpAnswer, asked: Asked): Error {
  const { status } = answer;
  const { what, pace } = asked;
  const facts = { status: String(status), said: quoted(asked.said) };
  const after = retryAfter(answer.header('retry-after'), pace.clock.now());
  if (status === 429) {
    const seconds = String(pace.timing.patience / 1000);
    const refusal = refuse('registry-busy', { ...facts, seconds });
    return new Transient(refusal, { retryAfter: after, busy: true });
  }
  const known = meaningOf(status, asked);
  if (known) return new PromotionError(known);
  const mayPass = status === 408 || (status >= 500 && status !== 501 && status !== 505);
  if (!mayPass) return new PromotionError(refuse('registry-refused', { what, ...facts }));
  const refusal = refuse('registry-failed', { what, ...facts });
  return new Transient(refusal, { retryAfter: after, busy: false });
}

/** What the registry's words, or the status for what was asked, say more clearly; `undefined` where nothing does. */
export function meaningOf(
  status: number,
  { what, method, subject: target, said }: Omit<Asked, 'pace'>,
): Refusal | undefined {
  const facts = { status: String(status), said: quoted(said) };
  const words = `${said.code} ${said.message}`;
  const isTheirs = status >= 400 && status < 500 && status !== 429;
  if (status === 507 || (isTheirs && fullness.test(words))) {
    return refuse('registry-full', { what, ...facts });
  }
  if (isTheirs && /immutab|TagAlreadyExists/i.test(words)) {
    return refuse('tag-immutable', { target, ...facts });
  }
  if (status === 404 && said.code === 'NAME_UNKNOWN') {
    return refuse('registry-no-repository', { target, ...facts });
  }
  // Where only what was scanned may be pulled.
  const isRead = method === 'GET' || method === 'HEAD';
  return status === 412 && isRead ? refuse('registry-withheld', { what, ...facts }) : undefined;
}

const fullness =
  /quota|storage resource|storage limit|insufficient storage|out of (?:disk )?space/i;
