import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { encryptSops, makeAgeKey } from '../../local/sops.ts';
import type { SecretsOptions } from '../../src/sops/secrets.ts';

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

  return {
    folder,
    file,
    keyFile,
    options,
    recipient: key.recipient,
    /** Options with a sops that is this shell script. */
    async withScript(script: string, more?: Partial<SecretsOptions>): Promise<SecretsOptions> {
      const sopsPath = join(folder, 'sops');
      await writeFile(sopsPath, `#!/bin/sh\n${script}\n`);
      await chmod(sopsPath, 0o755);
      return { ...options, sopsPath, ...more };
    },
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
