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
