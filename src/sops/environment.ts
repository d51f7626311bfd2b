import { dirname, resolve } from 'node:path';
import type { KeyType } from './metadata.ts';

export type Variables = Readonly<Record<string, string | undefined>>;

/** What a file names to be opened with. */
export interface NamedKeys {
  readonly keyTypes: readonly KeyType[];
  /** The addresses of its Vaults, all of them ours. */
  readonly vaults: readonly string[];
}

/**
 * What sops may be told, by the kind of key in the file. Never what would make it run a command, ask another server
 * or read another configuration: SOPS_AGE_KEY_CMD, SOPS_AGE_SSH_PRIVATE_KEY_CMD, SOPS_GPG_EXEC, SOPS_KEYSERVICE,
 * SOPS_CONFIG, SOPS_GCP_KMS_ENDPOINT, …; nor a key as text (SOPS_AGE_KEY), which anyone of our user could read there.
 */
const byKeyType: Readonly<Record<KeyType, readonly string[]>> = {
  age: ['SOPS_AGE_KEY_FILE', 'SOPS_AGE_SSH_PRIVATE_KEY_FILE'],
  pgp: ['GNUPGHOME'],
  kms: [
    'AWS_ACCESS_KEY_ID',
    'AWS_SECRET_ACCESS_KEY',
    'AWS_SESSION_TOKEN',
    'AWS_PROFILE',
    'AWS_REGION',
    'AWS_DEFAULT_REGION',
    'AWS_CONFIG_FILE',
    'AWS_SHARED_CREDENTIALS_FILE',
    'AWS_ROLE_ARN',
    'AWS_ROLE_SESSION_NAME',
    'AWS_WEB_IDENTITY_TOKEN_FILE',
    'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
    'AWS_CONTAINER_CREDENTIALS_FULL_URI',
    'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
  ],
  gcp_kms: ['GOOGLE_APPLICATION_CREDENTIALS'],
  hckms: [],
  azure_kv: [
    'AZURE_TENANT_ID',
    'AZURE_CLIENT_ID',
    'AZURE_CLIENT_SECRET',
    'AZURE_CLIENT_CERTIFICATE_PATH',
    'AZURE_FEDERATED_TOKEN_FILE',
    'AZURE_AUTHORITY_HOST',
  ],
  hc_vault: ['VAULT_ADDR', 'VAULT_TOKEN', 'VAULT_NAMESPACE', 'VAULT_CACERT', 'VAULT_CAPATH'],
};

/** Files and folders that hold a key themselves. */
const keyFiles = [
  'SOPS_AGE_KEY_FILE',
  'SOPS_AGE_SSH_PRIVATE_KEY_FILE',
  'GNUPGHOME',
  'GOOGLE_APPLICATION_CREDENTIALS',
];

/** Where the keys of these kinds are, by the variable that says so. */
export function keyFilesOf(
  env: Variables,
  keyTypes: readonly KeyType[],
): readonly (readonly [name: string, path: string])[] {
  const names = keyTypes.flatMap((type) => byKeyType[type]);
  return names.flatMap((name) => {
    const value = env[name];
    return value && keyFiles.includes(name) ? [[name, resolve(value)] as const] : [];
  });
}

/** How a key service outside is reached. */
const network = ['HTTPS_PROXY', 'NO_PROXY', 'SSL_CERT_FILE', 'SSL_CERT_DIR'];

const local: readonly KeyType[] = ['age', 'pgp'];

const isPath = /(?:_FILE|_PATH|_DIR|^GNUPGHOME|^GOOGLE_APPLICATION_CREDENTIALS|_CACERT|_CAPATH)$/;

/**
 * The few variables of `env` that sops needs for these kinds of key; paths made absolute, as sops runs elsewhere.
 * Of Vaults, sops (3.13 and newer) is told to ask these only, however it reads the file.
 */
export function sopsEnvironment(
  env: Variables,
  { keyTypes, vaults }: NamedKeys,
): Record<string, string> {
  const names = keyTypes.flatMap((type) => byKeyType[type]);
  if (keyTypes.some((type) => !local.includes(type))) names.push(...network);
  const given: Record<string, string> = {};
  if (vaults.length > 0) given['SOPS_HC_VAULT_ALLOWLIST'] = vaults.join(',');
  for (const name of names) {
    const value = env[name];
    if (value) given[name] = isPath.test(name) ? resolve(value) : value;
  }
  return given;
}

/** Where sops finds gpg and age plugins: beside itself and in the system. Our own Node is there for scripts. */
export function fixedPath(binary: string): string {
  return [dirname(process.execPath), dirname(binary), '/usr/local/bin', '/usr/bin', '/bin'].join(
    ':',
  );
}
