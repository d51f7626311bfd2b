import { z } from 'zod';
import { visible } from '../domain/visible.ts';

const anything = z.unknown().optional();

/**
 * What registries and their token services say of a refusal: the spec's own form, and those of Docker Hub and OAuth.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes
 */
const answer = z.looseObject({
  errors: z
    .array(z.looseObject({ code: anything, message: anything, detail: anything }))
    .optional()
    .catch(undefined),
  details: anything,
  error: anything,
  error_description: anything,
  message: anything,
});

/** The registry's own words for a refusal. Untrusted text, but nothing of ours is in it. */
export interface Said {
  /** `DENIED`, `TOOMANYREQUESTS`, …; empty where it gave none. */
  readonly code: string;
  readonly message: string;
}

const nothingSaid: Said = { code: '', message: '' };

/** More of it is nobody's to read in a sentence. Characters. */
const longest = 240;

/** Whether a text may be shown to anybody: nothing in it is a secret of ours. */
export type MayShow = (text: string) => boolean;

/** Reads the words out of an answer; without those that may not be shown. */
export function readSaid(bytes: Uint8Array, mayShow: MayShow): Said {
  const parsed = answer.safeParse(parseJson(bytes));
  if (!parsed.success) return nothingSaid;
  const { errors, details, error, error_description, message } = parsed.data;
  const first = errors?.[0];
  const code = textOf(first?.code ?? error);
  const words = textOf(first?.message) || textOf(first?.detail);
  const all = words || textOf(error_description) || textOf(details) || textOf(message);
  return {
    code: /^[\w.-]{1,64}$/.test(code) && mayShow(code) ? code : '',
    message: mayShow(all) ? cut(all) : '',
  };
}

/** As it stands behind a status: ` “DENIED: requested access …”`, or nothing. */
export function quoted({ code, message }: Said): string {
  const words = [code, message === code ? '' : message].filter(Boolean).join(': ');
  return words && ` “${words}”`;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? visible(value).trim() : '';
}

function cut(text: string): string {
  return text.length > longest ? `${text.slice(0, longest)}…`.toWellFormed() : text;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}
