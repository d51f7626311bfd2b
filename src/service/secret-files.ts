import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { isBlank, problemWith, type Problem, type Variables } from '../config.ts';

/** The environment’s secrets. Each may come as `<NAME>_FILE` as well: a file, so that no process’s environment holds it. */
export const secretNames = [
  'SLACK_BOT_TOKEN',
  'SLACK_APP_TOKEN',
  'SLACK_SIGNING_SECRET',
  'DATABASE_URL',
  'GITHUB_TOKEN',
  'TASKCLUSTER_ACCESS_TOKEN',
  'TASKCLUSTER_CERTIFICATE',
  'AUDIT_KEY',
] as const;

export type SecretName = (typeof secretNames)[number];

/** Bytes; a secret is one line. */
const largest = 64 * 1024;

/**
 * The environment with what the `<NAME>_FILE` of it hold, without the line break at their ends; and what is wrong with
 * them. No problem ever holds a file’s content.
 */
export async function readSecretFiles(
  env: Variables,
  names: readonly SecretName[] = secretNames,
): Promise<{ readonly env: Variables; readonly problems: readonly Problem[] }> {
  const read: Record<string, string> = {};
  const problems: Problem[] = [];
  for (const name of names) {
    const path = env[`${name}_FILE`]?.trim();
    if (!path) continue;
    const found = isBlank(env[name])
      ? await contentOf(path)
      : { problem: `and ${name} are both given: one of them is too much` };
    if (typeof found === 'string') read[name] = found;
    else problems.push(problemWith(`${name}_FILE`, nameOf(path), found.problem));
  }
  return { env: { ...env, ...read }, problems };
}

/** The environment without our own secrets, and without where they are: what other programs may get of it. */
export function withoutSecrets(env: Variables): Variables {
  const own = new Set<string>(secretNames.flatMap((name) => [name, `${name}_FILE`]));
  return Object.fromEntries(Object.entries(env).filter(([name]) => !own.has(name)));
}

async function contentOf(path: string): Promise<string | { readonly problem: string }> {
  try {
    // A fifo is not waited for.
    await using handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const found = await handle.stat();
    if (!found.isFile()) return { problem: 'is no plain file' };
    if (found.size > largest) return { problem: `is larger than ${largest} bytes` };
    const text = (await handle.readFile('utf8')).replace(/[\r\n]+$/, '');
    return text.trim() ? text : { problem: 'is empty' };
  } catch (error) {
    return { problem: `cannot be read (${(error as NodeJS.ErrnoException).code})` };
  }
}

/** Who gives the secret itself where its file belongs must not find it in a log. */
function nameOf(path: string): string | undefined {
  return /^\.{0,2}\//.test(path) ? path : undefined;
}
