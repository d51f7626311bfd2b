import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { encryptSops, makeAgeKey } from '../../../local/sops.ts';
import type { SecretsOptions } from '../../../src/sops/secrets.ts';

export const canary = 'cAnArY-9b1d/t0k3n';

/** A folder with a key, an encrypted file, and a place for programs that behave like a sops. */
export async function sopsWorkspace() {
  const folder = await mkdtemp(join(tmpdir(), 'sops-test-'));
  const key = await makeAgeKey();
  const keyFile = join(folder, 'keys.txt');
  const file = join(folder, 'credentials.sops.yml');
  await writeFile(keyFile, key.file, { mode: 0o400 });
  const document = { hub: { user: 'relbot', token: canary }, other: 'x' };
  await writeFile(file, await encryptSops(document, key.recipient), { mode: 0o600 });
  const env = {
    PATH: `${resolve('local/bin')}:${dirname(process.execPath)}:/usr/bin:/bin`,
    SOPS_AGE_KEY_FILE: keyFile,
    HOME: folder,
  };
  const options: SecretsOptions = { file, username: 'hub.user', password: 'hub.token', env };

  /** Options with a sops that is this shell script, whatever it is asked. */
  async function withProgram(
    script: string,
    more?: Partial<SecretsOptions>,
  ): Promise<SecretsOptions> {
    const sopsPath = join(folder, 'sops');
    await writeFile(sopsPath, `#!/bin/sh\n${script}\n`);
    await chmod(sopsPath, 0o755);
    return { ...options, sopsPath, ...more };
  }

  return {
    folder,
    file,
    keyFile,
    options,
    recipient: key.recipient,
    /** Options with a sops that is new enough and decrypts by this shell script. */
    withScript(script: string, more?: Partial<SecretsOptions>): Promise<SecretsOptions> {
      const version = `[ "$1" = --version ] && echo 'sops 3.11.0' && exit`;
      return withProgram(`${version}\n${script}`, more);
    },
    withProgram,
    /** Options with the encrypted file's text changed. */
    async withFile(change: (text: string) => string, name = 'changed.yml') {
      const path = join(folder, name);
      await writeFile(path, change(await readFile(file, 'utf8')), { mode: 0o600 });
      return { ...options, file: path };
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

export type SopsWorkspace = Awaited<ReturnType<typeof sopsWorkspace>>;
