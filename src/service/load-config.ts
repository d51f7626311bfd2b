import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import {
  readEnvironment,
  readOperatorEnvironment,
  readPolicy,
  type Environment,
  type Parsed,
  type Variables,
} from '../config.ts';
import type { Policy } from '../domain/policy.ts';
import { readSecretFiles, secretNames } from './secret-files.ts';

export interface Config {
  readonly policy: Policy;
  readonly environment: Environment;
}

/**
 * The environment’s values, with the secrets that files hold, and the policy file they name; or every problem of all of
 * them at once. Relative paths in the policy file start at its own folder. `operator`: without Slack’s secrets.
 */
export async function loadConfig(
  env: Variables,
  who: 'bot' | 'operator' = 'bot',
): Promise<Parsed<Config>> {
  const names = secretNames.filter((name) => who === 'bot' || !name.startsWith('SLACK_'));
  const secrets = await readSecretFiles(env, names);
  const environment = (who === 'bot' ? readEnvironment : readOperatorEnvironment)(secrets.env);
  const policy = await loadPolicy(env['PROMOTE_IMAGE_CONFIG']?.trim() || undefined);
  if (environment.ok && policy.ok && secrets.problems.length === 0) {
    return { ok: true, value: { environment: environment.value, policy: policy.value } };
  }
  const problems = [environment, policy].flatMap((parsed) => (parsed.ok ? [] : parsed.problems));
  // That it is missing says nothing new where its file cannot be read.
  const files = new Set(secrets.problems.map(({ path }) => path));
  const others = problems.filter(({ path }) => !files.has(`${path}_FILE`));
  return { ok: false, problems: [...secrets.problems, ...others] };
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
