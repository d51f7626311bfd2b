import type { Credentials, Secret } from '../secret.ts';

/** Shorter texts would be taken out of words that have nothing to do with them. */
const shortest = 6;

/** The secrets that this process knows, and a way to keep them out of a line that leaves it. */
export class PassingSecrets {
  readonly #forms = new Set<string>();

  add(secret: Secret | undefined): void {
    const text = secret?.reveal();
    if (text === undefined || text.length < shortest) return;
    for (const form of formsOf(text)) this.#forms.add(form);
  }

  /** Also the header that carries both. */
  addCredentials({ username, password }: Credentials): void {
    this.add(password);
    const basic = `${username}:${password.reveal()}`;
    for (const form of formsOf(basic)) this.#forms.add(form);
  }

  removeFrom(line: string): string {
    let clean = line;
    // The longest first: one that is part of another would leave the rest of that behind.
    const forms = [...this.#forms].toSorted((a, b) => b.length - a.length);
    for (const form of forms) clean = clean.replaceAll(form, '[secret]');
    return clean;
  }
}

/** A text as it travels: plain, in JSON, in a URL, as base64 and hex. */
function formsOf(text: string): readonly string[] {
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
