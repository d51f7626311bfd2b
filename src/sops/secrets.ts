import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fail, PromotionError, refuse, type Refusal } from '../domain/errors.ts';
import type { Secrets } from '../ports.ts';
import { Secret, type Credentials } from '../domain/secret.ts';
import { findSops } from './binary.ts';
import { fixedPath, sopsEnvironment } from './environment.ts';
import { readEncrypted, type EncryptedFile } from './file.ts';
import { pickTexts } from './output.ts';
import { run } from './process.ts';
import { defaultTimeoutMs, rememberSops, sopsVersion, type WhichSops } from './version.ts';

export interface SecretsOptions extends WhichSops {
  /** The sops file, an absolute path. */
  readonly file: string;
  /** Dotted paths of the two values in the decrypted document. */
  readonly username: string;
  readonly password: string;
}

export interface SopsFacts {
  readonly binary: string;
  readonly version: string;
  /** `age`, `pgp`, `kms`, …: the kinds of key that can open the file. */
  readonly keyTypes: readonly string[];
}

/**
 * Decrypts the credentials with sops each time it is called. The sops and the file are checked first, and sops gets a
 * private copy of exactly the checked bytes. Whatever it says on stderr goes nowhere: it may quote values.
 * @see https://getsops.io/docs/
 */
export function createSecrets(options: SecretsOptions): Secrets {
  const findSound = rememberSops(options);
  return async () => {
    const binary = await findSound();
    const file = await readEncrypted(options);
    return inWorkFolder(file, (folder) => decrypt(binary, { options, file, folder }));
  };
}

/** What `doctor` can tell without decrypting: which sops, which version, whether the file looks right. */
export async function checkSops(options: SecretsOptions): Promise<SopsFacts | Refusal> {
  try {
    const binary = await findSops(options.env, options.sopsPath);
    const version = await sopsVersion(binary, options.timeoutMs);
    if (!version) return refuse('sops-missing', { problem: `${binary} does not tell its version` });
    const { keyTypes } = await readEncrypted(options);
    return { binary, version, keyTypes };
  } catch (error) {
    if (error instanceof PromotionError) return error.refusal;
    throw error;
  }
}

interface Decryption {
  readonly options: SecretsOptions;
  readonly file: EncryptedFile;
  readonly folder: string;
}

async function decrypt(
  binary: string,
  { options, file, folder }: Decryption,
): Promise<Credentials> {
  const output = await run(binary, ['decrypt', '--output-type', 'json', copyIn(folder, file)], {
    cwd: folder,
    env: {
      PATH: fixedPath(binary),
      HOME: join(folder, 'home'),
      ...sopsEnvironment(options.env, file),
    },
    timeoutMs: options.timeoutMs ?? defaultTimeoutMs,
  });
  try {
    const [username, password] = pickTexts(output, [options.username, options.password]);
    return { username, password: new Secret(password) };
  } finally {
    output.fill(0);
  }
}

/** A private folder with the checked bytes, an empty HOME, and an empty `.sops.yaml` that ends sops's search for one. */
async function inWorkFolder<T>(
  file: EncryptedFile,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'promote-image-sops-')).catch(() =>
    fail('sops-failed', { outcome: 'no temporary folder to run in' }),
  );
  try {
    await mkdir(join(folder, 'home'), { mode: 0o700 });
    await writeFile(join(folder, '.sops.yaml'), '', { mode: 0o400 });
    await writeFile(copyIn(folder, file), file.bytes, { mode: 0o400 });
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** sops tells YAML from JSON by the file's name. */
function copyIn(folder: string, file: EncryptedFile): string {
  return join(folder, `credentials${extname(file.path)}`);
}
