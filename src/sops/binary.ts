import { constants } from 'node:fs';
import { access, realpath, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { fail } from '../domain/errors.ts';
import type { Variables } from './environment.ts';
import { run } from './process.ts';

/**
 * The absolute path of the sops to run: `given`, or the first on `env.PATH`. A shim of a version manager is followed
 * to what it stands for, because it would not run in the bare environment that sops gets.
 * Throws `sops-missing`, also for one that others could have written: it would get the credentials.
 */
export async function findSops(env: Variables, given?: string): Promise<string> {
  let problem = given ? `${given} is no program` : 'it is not on PATH';
  for (const candidate of given ? [given] : onPath('sops', env)) {
    if (!isAbsolute(candidate) || !(await isRunnable(candidate))) continue;
    const found = isShim(candidate) ? await behindShim(candidate, env) : candidate;
    if (found) return sound(found);
    problem = `${candidate} is a version manager’s shim that leads nowhere; put the folder of the real one on PATH`;
  }
  return fail('sops-missing', { problem });
}

function onPath(name: string, env: Variables): readonly string[] {
  const folders = (env['PATH'] ?? '').split(':');
  return folders.filter((folder) => isAbsolute(folder)).map((folder) => join(folder, name));
}

async function isRunnable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

function isShim(path: string): boolean {
  return basename(dirname(path)) === 'shims';
}

/** Asks the version manager, which sees its own variables and no secret of ours. */
async function behindShim(shim: string, env: Variables): Promise<string | undefined> {
  const manager = /pyenv|asdf|mise/.exec(shim)?.[0];
  if (!manager) return undefined;
  const beside = join(dirname(dirname(shim)), 'bin', manager);
  for (const program of [beside, ...onPath(manager, env)]) {
    if (!(await isRunnable(program))) continue;
    const output = await run(program, ['which', 'sops'], {
      cwd: process.cwd(),
      env: {
        // A shim lies in its manager’s own folder; the environment need not say which.
        PYENV_ROOT: dirname(dirname(shim)),
        ASDF_DATA_DIR: dirname(dirname(shim)),
        ...Object.fromEntries(
          managersOwn.flatMap((name) => (env[name] ? [[name, env[name]]] : [])),
        ),
      },
      timeoutMs: 5000,
    }).catch(() => undefined);
    const real = output?.toString().trim() ?? '';
    if (isAbsolute(real) && !isShim(real) && (await isRunnable(real))) return real;
  }
  return undefined;
}

const managersOwn = [
  'PATH',
  'HOME',
  'PYENV_ROOT',
  'PYENV_VERSION',
  'ASDF_DIR',
  'ASDF_DATA_DIR',
  'MISE_DATA_DIR',
];

async function sound(path: string): Promise<string> {
  const real = await realpath(path);
  const [file, folder] = await Promise.all([stat(real), stat(dirname(real))]);
  if ((file.mode | folder.mode) & 0o002) {
    return fail('sops-missing', { problem: `anyone on the machine may replace ${real}` });
  }
  // The name counts where one program answers to several.
  return basename(real) === basename(path) ? real : path;
}
