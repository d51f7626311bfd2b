import { createReadStream } from 'node:fs';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const known = new Map<string, readonly string[]>();

/** The forms in which a text travels, or hides from somebody who looks for it. Made once: they are looked for all the time. */
function formsOf(text: string): readonly string[] {
  const forms = known.get(text) ?? makeForms(text);
  known.set(text, forms);
  return forms;
}

/** Plain, in JSON, in a message, in a URL, as base64, base64url and hex; backwards, and with its halves the other way round. */
function makeForms(text: string): readonly string[] {
  const bytes = Buffer.from(text);
  const middle = Math.floor(text.length / 2);
  const forms = [
    text,
    Array.from(text).toReversed().join(''),
    text.slice(middle) + text.slice(0, middle),
    // As JSON, as Slack escapes it, and both; JSON may be within JSON.
    ...[text, escaped(text)].flatMap((plain) => [plain, inJson(plain), inJson(inJson(plain))]),
    encodeURIComponent(text),
    new URLSearchParams({ x: text }).toString().slice(2),
    // Wherever it begins in what is encoded, some whole groups of it stay the same.
    ...[0, 1, 2].flatMap((shift) => {
      const encoded = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
      const same = encoded.slice(shift === 0 ? 0 : 4, -4);
      return [same, same.replaceAll('+', '-').replaceAll('/', '_')];
    }),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
  ];
  return [...new Set(forms)];
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Names of the canaries that a text holds in any form. */
export function found(
  haystack: string,
  canaries: Readonly<Record<string, string>>,
): readonly string[] {
  return Object.entries(canaries)
    .filter(([, canary]) => formsOf(canary).some((form) => haystack.includes(form)))
    .map(([name]) => name);
}

/** Names of the canaries in any file below a folder, with the file; what can’t be read holds none. */
export async function foundBelow(
  folder: string,
  canaries: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
  const hits = await Promise.all(
    files.map(async (file) => {
      const chunks = await Array.fromAsync(createReadStream(file)).catch(() => []);
      const text = Buffer.concat(chunks as Buffer[]).toString('latin1');
      const latin = Object.fromEntries(
        Object.entries(canaries).map(([name, canary]) => [
          name,
          Buffer.from(canary).toString('latin1'),
        ]),
      );
      return [...found(text, latin), ...found(text, canaries)].map((name) => `${name} in ${file}`);
    }),
  );
  return hits.flat();
}

export interface Watch {
  /** `<what>: <canary>`, each once. */
  readonly hits: ReadonlySet<string>;
  /** Command lines of the children that were seen. */
  readonly seen: ReadonlySet<string>;
  stop(): Promise<void>;
}

/** Looks every few milliseconds at the arguments and environments of a process and of everything below it. */
export function watchProcesses(pid: number, canaries: Readonly<Record<string, string>>): Watch {
  const hits = new Set<string>();
  const seen = new Set<string>();
  let isOver = false;
  const look = async (): Promise<void> => {
    const self = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    for (const one of await descendants(pid)) {
      // In this order: a child that has its own arguments by now has its own environment as well.
      const argv = await readFile(`/proc/${one}/cmdline`, 'utf8').catch(() => '');
      const env = await readFile(`/proc/${one}/environ`, 'utf8').catch(() => '');
      const executable = await readlink(`/proc/${one}/exe`).catch(() => '?');
      const name = `${executable} ${argv.replaceAll('\0', ' ').slice(0, 120)}`;
      // Between fork and exec a child still is its parent.
      const isBot = one === pid || argv === self;
      if (!isBot) seen.add(name);
      for (const canary of found(argv, canaries)) hits.add(`arguments of ${name}: ${canary}`);
      // The kernel keeps what the bot itself was started with: that is where its tokens come from.
      const own = isBot ? { password: canaries['password'] ?? '' } : canaries;
      for (const canary of found(env, own)) hits.add(`environment of ${name}: ${canary}`);
    }
  };
  const running = (async () => {
    while (!isOver) {
      await look();
      await sleep(5);
    }
  })();
  return {
    hits,
    seen,
    async stop() {
      isOver = true;
      await running;
    },
  };
}

async function descendants(pid: number): Promise<readonly number[]> {
  const tasks = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(
    tasks.map((task) => readFile(`/proc/${pid}/task/${task}/children`, 'utf8').catch(() => '')),
  );
  const children = lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number));
  return [pid, ...(await Promise.all(children.map(descendants))).flat()];
}
