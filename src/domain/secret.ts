import { inspect } from 'node:util';

/** A text that prints, logs and serialises as `[secret]`; `reveal()` is the one way to it, and easy to search for. */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}

/** What the registry asks of an account that pushes. Lives in one closure of one push and nowhere else. */
export interface Credentials {
  readonly username: string;
  readonly password: Secret;
}

/** A text as it travels: plain, in JSON, in a URL, as base64 and hex. */
export function formsOf(text: string): readonly string[] {
  const bytes = Buffer.from(text);
  return [
    text,
    JSON.stringify(text).slice(1, -1),
    encodeURIComponent(text),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    bytes.toString('hex'),
  ];
}
