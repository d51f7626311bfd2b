/** A task's entry in a graph is a few KiB. */
const entryLimit = 1024 * 1024;

type Found = { readonly entry: Uint8Array | undefined } | { readonly problem: string };

/** What comes next in the object itself; what is in its members is only passed over. */
type Expecting = 'object' | 'key' | 'colon' | 'value' | 'comma' | 'end';

const space = 0x20;
const quote = 0x22;
const backslash = 0x5c;

/**
 * Finds one member of a JSON object of any size while its bytes pass, and keeps nothing but that member's value. A key
 * twice is a problem, however it is escaped. The other members may hold whatever they like.
 */
export class EntryFinder {
  readonly #key: string;
  readonly #kept: number[] = [];
  #expecting: Expecting = 'object';
  #problem: string | undefined;
  #depth = 0;
  /** The key that is being read. */
  #literal: number[] | undefined;
  #inString = false;
  #isEscaped = false;
  #isWanted = false;
  #isFound = false;

  constructor(key: string) {
    this.#key = key;
  }

  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length && !this.#problem; at += 1) {
      const isText = this.#inString && !this.#isEscaped && !this.#literal && !this.#isWanted;
      if (isText) at = endOfText(chunk, at);
      const byte = chunk[at];
      if (byte === undefined) return;
      if (this.#inString) this.#string(byte);
      else if (this.#depth > 1) this.#nested(byte);
      else if (!isSpace(byte)) this.#top(byte);
    }
  }

  /** The member's value as it is written; `undefined` where there is none. */
  end(): Found {
    if (this.#problem) return { problem: this.#problem };
    if (this.#expecting !== 'end') return { problem: 'it ends too early' };
    return { entry: this.#isFound ? Uint8Array.from(this.#kept) : undefined };
  }

  #keep(byte: number): void {
    if (!this.#isWanted) return;
    if (this.#kept.push(byte) > entryLimit) this.#problem = 'its entry is larger than 1 MiB';
  }

  #string(byte: number): void {
    this.#literal?.push(byte);
    this.#keep(byte);
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === backslash) this.#isEscaped = true;
    else if (byte === quote) this.#endString();
  }

  #endString(): void {
    this.#inString = false;
    if (!this.#literal) return;
    this.#isWanted = nameOf(this.#literal) === this.#key;
    this.#literal = undefined;
    this.#expecting = 'colon';
    if (this.#isWanted && this.#isFound) this.#problem = `it has the key ${this.#key} twice`;
    this.#isFound ||= this.#isWanted;
  }

  #nested(byte: number): void {
    this.#keep(byte);
    if (byte === quote) this.#inString = true;
    else if (isOpening(byte)) this.#depth += 1;
    else if (isClosing(byte)) this.#depth -= 1;
  }

  #top(byte: number): void {
    const char = String.fromCharCode(byte);
    switch (this.#expecting) {
      case 'object':
        if (char !== '{') return this.#wrong();
        this.#depth = 1;
        return this.#expect('key');
      case 'key':
        if (char === '}') return this.#expect('end');
        if (byte !== quote) return this.#wrong();
        this.#inString = true;
        this.#literal = [byte];
        return undefined;
      case 'colon':
        return char === ':' ? this.#expect('value') : this.#wrong();
      case 'value':
        return this.#value(byte);
      case 'comma':
        return this.#afterValue(byte);
      case 'end':
        return this.#wrong();
    }
  }

  #value(byte: number): void {
    this.#keep(byte);
    this.#expect('comma');
    if (byte === quote) this.#inString = true;
    else if (isOpening(byte)) this.#depth += 1;
  }

  /** Also the rest of a number or a word. */
  #afterValue(byte: number): void {
    const char = String.fromCharCode(byte);
    this.#isWanted &&= char !== ',' && char !== '}';
    if (char === ',') this.#expect('key');
    else if (char === '}') this.#expect('end');
    else if (/[\w.+-]/.test(char)) this.#keep(byte);
    else this.#wrong();
  }

  #expect(next: Expecting): void {
    this.#expecting = next;
  }

  #wrong(): void {
    this.#problem = 'it is no JSON object';
  }
}

/** Most of a graph is text that nobody asked for: where the next quotation mark or backslash is. */
function endOfText(chunk: Uint8Array, start: number): number {
  let at = start;
  while (at < chunk.length && chunk[at] !== quote && chunk[at] !== backslash) at += 1;
  return at;
}

function isSpace(byte: number): boolean {
  return byte === space || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function isOpening(byte: number): boolean {
  return byte === 0x7b || byte === 0x5b;
}

function isClosing(byte: number): boolean {
  return byte === 0x7d || byte === 0x5d;
}

/** A key as it is meant: `"a"` and `"\u0061"` are the same. */
function nameOf(literal: readonly number[]): string | undefined {
  try {
    return JSON.parse(Buffer.from(literal).toString()) as string;
  } catch {
    return undefined;
  }
}
