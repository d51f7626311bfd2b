import type { Engine, Secrets } from '../ports.ts';
import { formsOf, type Credentials, type Secret } from '../domain/secret.ts';

/** Shorter texts would be taken out of words that have nothing to do with them. */
const shortest = 6;

/** The secrets that this process knows, and a way to keep them out of a line that leaves it. */
export class PassingSecrets {
  /** How many hold each form: two pushes may have the same password at once. */
  readonly #forms = new Map<string, number>();

  add(secret: Secret | undefined): void {
    const text = secret?.reveal() ?? '';
    if (text.length >= shortest) this.#count(formsOf(text), 1);
  }

  addCredentials(credentials: Credentials): void {
    this.#count(formsOfBoth(credentials), 1);
  }

  /** The counterpart of {@link addCredentials}: who was the last to hold them leaves nothing of them here. */
  removeCredentials(credentials: Credentials): void {
    this.#count(formsOfBoth(credentials), -1);
  }

  /** How many texts are known, each of which would be taken out of a line. */
  get size(): number {
    return this.#forms.size;
  }

  removeFrom(line: string): string {
    let clean = line;
    // The longest first: one that is part of another would leave the rest of that behind.
    const forms = [...this.#forms.keys()].toSorted((a, b) => b.length - a.length);
    for (const form of forms) clean = clean.replaceAll(form, '[secret]');
    return clean;
  }

  #count(forms: readonly string[], by: 1 | -1): void {
    for (const form of new Set(forms)) {
      const count = (this.#forms.get(form) ?? 0) + by;
      if (count > 0) this.#forms.set(form, count);
      else this.#forms.delete(form);
    }
  }
}

interface Push {
  readonly secrets: Secrets;
  readonly engine: Engine;
}

/**
 * The same ports, so that decrypted credentials are known to the log’s sink from the decryption to the end of the push
 * they are for, and not a moment longer. No line of that time can hold them.
 */
export function guarded({ secrets, engine }: Push, passing: PassingSecrets): Push {
  return {
    secrets: async () => {
      const credentials = await secrets();
      passing.addCredentials(credentials);
      return credentials;
    },
    engine: async (push) => {
      try {
        return await engine(push);
      } finally {
        // After the line that says how it ended.
        setImmediate(() => passing.removeCredentials(push.credentials));
      }
    },
  };
}

/** Also the header that carries both. */
function formsOfBoth({ username, password }: Credentials): readonly string[] {
  const text = password.reveal();
  const own = text.length < shortest ? [] : formsOf(text);
  return [...own, ...formsOf(`${username}:${text}`)];
}
