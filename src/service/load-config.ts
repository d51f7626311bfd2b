import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { readEnvironment, readPolicy, type Environment, type Parsed } from '../config.ts';
import type { Policy } from '../policy.ts';

export interface Config {
  readonly policy: Policy;
  readonly environment: Environment;
}

/**
 * The environment’s values and the policy file they name, or every problem of both at once. Relative paths in the file
 * start at the file’s own folder.
 */
export async function loadConfig(
  env: Readonly<Record<string, string | undefined>>,
  read: (
    env: Readonly<Record<string, string | undefined>>,
  ) => Parsed<Environment> = readEnvironment,
): Promise<Parsed<Config>> {
  const environment = read(env);
  const policy = await loadPolicy(env['PROMOTE_IMAGE_CONFIG']?.trim() || undefined);
  if (environment.ok && policy.ok) {
    return { ok: true, value: { environment: environment.value, policy: policy.value } };
  }
  const problems = [environment, policy].flatMap((parsed) => (parsed.ok ? [] : parsed.problems));
  return { ok: false, problems };
}

async function loadPolicy(path = 'config/promote-image.yml'): Promise<Parsed<Policy>> {
  const yaml = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => error);
  if (typeof yaml !== 'string') {
    const reason =
      yaml.code === 'ENOENT' ? 'there is no such file' : `cannot be read (${yaml.code})`;
    return { ok: false, problems: [{ path: 'PROMOTE_IMAGE_CONFIG', value: path, reason }] };
  }
  const parsed = readPolicy(yaml);
  if (!parsed.ok) return parsed;
  const { registry } = parsed.value;
  const file = resolve(dirname(path), registry.credentials.file);
  const credentials = { ...registry.credentials, file };
  return { ok: true, value: { ...parsed.value, registry: { ...registry, credentials } } };
}
