import { execFile } from 'node:child_process';
import { chmod, chown, link, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify, inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { encryptSops } from '../../local/sops.ts';
import { sopsEnvironment } from '../../src/sops/environment.ts';
import { createSecrets } from '../../src/sops/secrets.ts';
import { canary, sopsWorkspace, type SopsWorkspace } from '../helpers/sops/workspace.ts';

let workspace: SopsWorkspace;
beforeEach(async () => {
  workspace = await sopsWorkspace();
});
afterEach(() => workspace.close());

/** Changes a file’s text: its metadata says this as well. */
const named = (line: string) => (text: string) =>
  text.replace(/^ {2}lastmodified/m, `  ${line}\n  lastmodified`);

const byName = (a: string, b: string) => (a < b ? -1 : 1);

describe('the credentials', () => {
  it('are decrypted from the configured places of the file', async () => {
    const { username, password } = await createSecrets(workspace.options)();
    expect(username).toBe('relbot');
    expect(password.reveal()).toBe(canary);
    expect(inspect({ password })).not.toContain(canary);
  });

  it('come from a JSON file too', async () => {
    const file = join(workspace.folder, 'credentials.json');
    const yaml = await encryptSops({ hub: { user: 'a', token: 'b' } }, workspace.recipient);
    await writeFile(file, JSON.stringify(parse(yaml)), { mode: 0o600 });
    expect(await createSecrets({ ...workspace.options, file })()).toMatchObject({ username: 'a' });
  });

  it('are decrypted anew each time: a rotated token is seen', async () => {
    const secrets = createSecrets(workspace.options);
    await secrets();
    const rotated = await encryptSops(
      { hub: { user: 'relbot', token: 'new' } },
      workspace.recipient,
    );
    await writeFile(workspace.file, rotated);
    expect((await secrets()).password.reveal()).toBe('new');
  });

  it('leave no file behind', async () => {
    const temporary = join(workspace.folder, 'tmp');
    await mkdir(temporary);
    vi.stubEnv('TMPDIR', temporary);
    try {
      await createSecrets(await workspace.withScript('exit 51'))().catch(() => undefined);
      await createSecrets(workspace.options)();
      expect(await readdir(temporary)).toEqual([]);
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

describe('sops is run', () => {
  const spy = 'env > "$0.env"; pwd >> "$0.env"; ls -A >> "$0.env"; printf "%s\\n" "$@" > "$0.args"';
  const good = `printf '{"hub":{"user":"u","token":"t"}}'`;

  it('with nothing of our environment but what the file’s kind of key needs', async () => {
    const options = await workspace.withScript(`${spy}; ${good}`);
    const hostile = {
      SLACK_BOT_TOKEN: 'xoxb-secret',
      SOPS_AGE_KEY_CMD: 'evil',
      SOPS_GPG_EXEC: 'evil',
      SOPS_KEYSERVICE: 'tcp://evil',
      SOPS_CONFIG: '/evil',
      SOPS_AGE_KEY: 'AGE-SECRET-KEY-1',
      SOPS_DECRYPTION_ORDER: 'pgp',
      AWS_SECRET_ACCESS_KEY: 'not for age',
      VAULT_TOKEN: 'not for age',
      LD_PRELOAD: '/evil.so',
      NODE_OPTIONS: '--require /evil',
    };
    await createSecrets({ ...options, env: { ...options.env, ...hostile } })();
    const seen = await readFile(join(workspace.folder, 'sops.env'), 'utf8');
    const names = [...seen.matchAll(/^([A-Z_]+)=/gm)].map((match) => match[1]);
    expect(names).toEqual(expect.arrayContaining(['HOME', 'PATH', 'PWD', 'SOPS_AGE_KEY_FILE']));
    expect(names).toHaveLength(4);
    expect(seen).not.toContain(`HOME=${workspace.folder}\n`);
  });

  it.each([
    ['age', ['SOPS_AGE_KEY_FILE']],
    ['pgp', ['GNUPGHOME']],
    ['kms', ['AWS_PROFILE', 'HTTPS_PROXY']],
    ['gcp_kms', ['GOOGLE_APPLICATION_CREDENTIALS', 'HTTPS_PROXY']],
    ['azure_kv', ['AZURE_CLIENT_SECRET', 'HTTPS_PROXY']],
    ['hc_vault', ['HTTPS_PROXY', 'VAULT_TOKEN']],
    ['hckms', ['HTTPS_PROXY']],
  ] as const)('with what a file for %s needs', (type, names) => {
    const env = Object.fromEntries(
      [
        'AWS_PROFILE',
        'AZURE_CLIENT_SECRET',
        'GNUPGHOME',
        'GOOGLE_APPLICATION_CREDENTIALS',
        'HTTPS_PROXY',
        'SLACK_BOT_TOKEN',
        'SOPS_AGE_KEY',
        'SOPS_AGE_KEY_CMD',
        'SOPS_AGE_KEY_FILE',
        'SOPS_GCP_KMS_ENDPOINT',
        'VAULT_TOKEN',
      ].map((name) => [name, '/x']),
    );
    const given = sopsEnvironment(env, { keyTypes: [type], vaults: [] });
    expect(Object.keys(given).toSorted(byName)).toEqual(names);
  });

  it('with flags before an absolute copy of the file, in a folder of its own', async () => {
    await createSecrets(await workspace.withScript(`${spy}; ${good}`))();
    const args = (await readFile(join(workspace.folder, 'sops.args'), 'utf8')).trim().split('\n');
    expect(args.slice(0, 3)).toEqual(['decrypt', '--output-type', 'json']);
    expect(args.slice(3)).toEqual([expect.stringMatching(/^\/.*\/credentials\.yml$/)]);
    const seen = await readFile(join(workspace.folder, 'sops.env'), 'utf8');
    expect(seen).toMatch(/\/promote-image-sops-\w+\n\.sops\.yaml\ncredentials\.yml\nhome\n$/);
  });

  it('with the paths of key files made absolute', async () => {
    const options = await workspace.withScript(`${spy}; ${good}`);
    await createSecrets({ ...options, env: { ...options.env, SOPS_AGE_KEY_FILE: 'keys.txt' } })();
    const seen = await readFile(join(workspace.folder, 'sops.env'), 'utf8');
    expect(seen).toContain(`SOPS_AGE_KEY_FILE=${process.cwd()}/keys.txt\n`);
  });
});

describe('a file that names servers', () => {
  const ours = 'https://vault.example:8200';
  const vault = (address: string) =>
    `{ vault_address: "${address}", engine_path: sops, key_name: hub, enc: "vault:v1:x" }`;
  /** What sops sees of its environment, where it is run. */
  async function decrypt(change: (text: string) => string, address = ours, name?: string) {
    const { sopsPath, env } = await workspace.withScript(
      `env > "$0.env"; printf '{"hub":{"user":"u","token":"t"}}'`,
    );
    const options = { ...(await workspace.withFile(change, name)), sopsPath };
    const more = { VAULT_ADDR: address, VAULT_TOKEN: 's.token' };
    await createSecrets({ ...options, env: { ...env, ...more } })();
    return readFile(`${sopsPath}.env`, 'utf8');
  }

  it.each([
    ['https://vault.example:8200', ours],
    ['https://vault.example:8200/', ours],
    ['https://vault.example', 'https://VAULT.example:443/'],
    ['http://127.0.0.1:8200', 'http://127.0.0.1:8200'],
  ])('is decrypted with our Vault: %s is %s', async (address, addr) => {
    const seen = await decrypt(named(`hc_vault: [${vault(address)}]`), addr);
    expect(seen).toContain('VAULT_TOKEN=s.token\n');
    expect(seen).toContain(`SOPS_HC_VAULT_ALLOWLIST=${address}\n`);
  });

  it.each([
    ['https://evil.example:8200', ours],
    ['https://vault.example', ours],
    ['http://127.0.0.1:8200', ours],
    ['https://vault.example:8200.evil.example', ours],
    ['https://vault.example:8200', 'vault.example:8200'],
    ['https://vault.example', 'vault.example'],
  ])('is refused with another Vault: %s is not %s', async (address, addr) => {
    const change = named(`hc_vault: [${vault(ours)}, ${vault(address)}]`);
    await expect(decrypt(change, addr)).rejects.toThrow(
      /credentials file cannot be used: it names (?:another Vault than VAULT_ADDR|a key server without https)\. /,
    );
  });

  it.each([`${ours}\\\\@evil.example`, `${ours}/?a`, `${ours}/,https://evil.example`])(
    'is refused with an address that sops may read differently: %s',
    async (address) => {
      await expect(decrypt(named(`hc_vault: [${vault(address)}]`))).rejects.toThrow(
        /names a key server by more than its address/,
      );
    },
  );

  it.each([
    'azure_kv: [{ vault_url: "https://releng.vault.azure.net", name: a, version: b }]',
    'azure_kv: [{ vault_url: "https://releng.managedhsm.usgovcloudapi.net/", name: a }]',
    'kms: [{ arn: "arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/mrk-1", context: { App: x } }]',
    'kms: [{ arn: "arn:aws:kms:eu-west-1:123456789012:alias/releng", aws_profile: "" }]',
    'gcp_kms: [{ resource_id: "projects/p/locations/l/keyRings/r/cryptoKeys/k" }]',
    'hckms: [{ key_id: "tr-west-1:abc" }]',
    'pkcs11: []',
  ])('is decrypted with a cloud’s own: %s', async (kind) => {
    expect(await decrypt(named(kind))).not.toContain('VAULT');
  });

  it('is decrypted with what sops writes of merges, and of line breaks in JSON', async () => {
    const merge = (text: string) => `!!merge <<:\n    a: ENC[AES256_GCM,x]\n${text}`;
    expect(await decrypt(merge)).toContain('PATH=');
    const json = (text: string) => JSON.stringify({ ...parse(text), a_unencrypted: '\u0085' });
    expect(await decrypt(json, ours, 'changed.json')).toContain('PATH=');
  });

  const evil = vault('https://evil.example');
  const hidden: Record<string, [(text: string) => string, RegExp]> = {
    'in capitals': [named(`HC_VAULT: [${evil}]`), /sops\.HC_VAULT is nothing/],
    'in capitals of one of ours': [
      named(`hc_vault: [{ Vault_Address: "https://evil.example", vault_address: "${ours}" }]`),
      /sops\.hc_vault\.0\.Vault_Address is nothing/,
    ],
    'in a second sops': [(text) => `${text}SOPS: { hc_vault: [${evil}] }\n`, /a second `sops`/],
    'in a second sops with a long s': [(text) => `${text}ſops: {}\n`, /a second `sops`/],
    'in a merge': [named(`<<: { hc_vault: [${evil}] }`), /sops\.<< is nothing/],
    'behind an alias': [named(`x: &x []\n  y: *x`), /an alias in its metadata/],
    'behind an alias of nothing': [named(`x: *x`), /an alias in its metadata/],
    'behind a tag': [named(`? !!binary aGNfdmF1bHQ=\n  : [${evil}]`), /a tag in its metadata/],
    'behind a directive': [(text) => `%YAML 1.1\n---\n${text}`, /a %YAML directive/],
    'in a second sops that is tagged': [
      (text) => `? !!binary c29wcw==\n: { hc_vault: [${evil}] }\n${text}`,
      /a key with a tag, which sops never writes/,
    ],
    'under a key that is a list': [
      named(`? [hc_vault]\n  : [${evil}]`),
      /a key that is no text in its metadata/,
    ],
    'under a list as the key of it all': [
      (text) => `? [sops]\n: {}\n${text}`,
      /a key that is no t/,
    ],
  };
  for (const end of ['\u2028', '\u2029', '\u0085', '\r', '\ufeff', '\f']) {
    hidden[`behind ${JSON.stringify(end)}`] = [
      named(`# x${end}  hc_vault: [${evil}]`),
      /an unusual line break or control character, which sops never writes/,
    ];
  }
  it.each(Object.entries(hidden))('is refused where one may be hidden %s', async (_, given) => {
    const [change, message] = given;
    const both = named(`key_groups: [{ hc_vault: [${vault(ours)}] }]`);
    await expect(decrypt((text) => change(both(text)))).rejects.toThrow(message);
    expect(await readdir(workspace.folder)).not.toContain('sops.env');
  });
});

describe('the file is refused before sops runs', () => {
  const encrypted = /ENC\[AES256_GCM,[^\]]*\]/;
  const cases: Record<string, [(text: string) => string, RegExp]> = {
    'a value in plain text': [
      (text) => text.replace(encrypted, 'plain'),
      /hub\.user is not encrypted/,
    ],
    'a value that is a map': [
      (text) => text.replace(encrypted, '{ a: b }'),
      /hub\.user is not encrypted/,
    ],
    'a token that YAML took for a number': [
      (text) => text.replace(/(token: ENC.*),type:str\]/, '$1,type:int]'),
      /hub\.token is a number in it, without quotes: write it in quotes/,
    ],
    'a user name that YAML took for true': [
      (text) => text.replace(/(user: ENC.*),type:str\]/, '$1,type:bool]'),
      /hub\.user is true or false in it, without quotes/,
    ],
    'two documents': [(text) => `${text}---\n${text}`, /more than one YAML document/],
    'a value missing': [(text) => text.replace(/^ +token: .*\n/m, ''), /no text at hub\.token/],
    'no MAC': [(text) => text.replace(/^ +mac: .*\n/m, ''), /changed after it was encrypted/],
    'no metadata': [(text) => text.replace(/^sops:[^]*/m, ''), /no sops metadata/],
    'no key': [
      (text) => text.replace(/^ +age:[^]*?END AGE ENCRYPTED FILE-----\n/m, ''),
      /names no key/,
    ],
    'no YAML': [() => 'a: [', /neither YAML nor JSON/],
    'a key twice': [(text) => `hub: {}\n${text}`, /neither YAML nor JSON/],
    'a Vault, where ours is not known': [
      named('hc_vault: [{ vault_address: "https://vault.example", engine_path: a, key_name: b }]'),
      /names a Vault, and VAULT_ADDR, which says whose, is not set/,
    ],
    'a Vault without https': [
      named('hc_vault: [{ vault_address: "http://vault.example", engine_path: a, key_name: b }]'),
      /key server without https/,
    ],
    'a Vault without https in a group': [
      named('key_groups: [{ hc_vault: [{ vault_address: "http://vault.example" }] }]'),
      /key server without https/,
    ],
    'an Azure vault without https': [
      named('azure_kv: [{ vault_url: "http://vault.example", name: a, version: b }]'),
      /key server without https/,
    ],
    'an Azure vault outside Azure': [
      named('azure_kv: [{ vault_url: "https://x.vault.azure.net.evil.example/", name: a }]'),
      /names an Azure vault outside Azure: x\.vault\.azure\.net\.evil\.example/,
    ],
    'an AWS key in a region that is another host': [
      named('kms: [{ arn: "arn:aws:kms:x@evil.example/#:123456789012:key/a" }]'),
      /names an AWS key by something that is no ARN of one/,
    ],
    'a kind of key that nobody here knows': [
      named('barbican: [{ auth_url: "https://evil.example" }]'),
      /sops\.barbican is nothing that is known here/,
    ],
    'too large': [(text) => `${text}# ${'x'.repeat(300_000)}\n`, /larger than/],
  };

  it.each(Object.entries(cases))('%s', async (_, [change, message]) => {
    const { sopsPath } = await workspace.withScript('touch "$0.ran"');
    const options = { ...(await workspace.withFile(change)), sopsPath };
    await expect(createSecrets(options)()).rejects.toThrow(message);
    expect(await readdir(workspace.folder)).not.toContain('sops.ran');
  });

  it('what others may write', async () => {
    const decrypt = createSecrets(workspace.options);
    for (const mode of [0o666, 0o660, 0o602]) {
      await chmod(workspace.file, mode);
      await expect(decrypt()).rejects.toThrow(/others may write to it: chmod go-w \//);
    }
    await chmod(workspace.file, 0o644);
    await chmod(workspace.folder, 0o777);
    await expect(decrypt()).rejects.toThrow(/anyone may write to the folder of .*: chmod o-w /);
    await chmod(workspace.folder, 0o1777);
    expect(await decrypt()).toMatchObject({ username: 'relbot' });
  });

  it('with a key that others may read or write, before sops sees either', async () => {
    const spied = await workspace.withScript('touch "$0.ran"');
    for (const mode of [0o404, 0o444, 0o644, 0o460, 0o602]) {
      await chmod(workspace.keyFile, mode);
      await expect(createSecrets(spied)()).rejects.toThrow(
        /its key may be read or written by others \(SOPS_AGE_KEY_FILE\): chmod go-w,o= \//,
      );
    }
    expect(await readdir(workspace.folder)).not.toContain('sops.ran');
    for (const mode of [0o400, 0o600, 0o440, 0o640]) {
      await chmod(workspace.keyFile, mode);
      expect(await createSecrets(workspace.options)()).toMatchObject({ username: 'relbot' });
    }
  });

  it.skipIf(process.getuid?.() !== 0)('what belongs to another user of the machine', async () => {
    await chown(workspace.file, 4321, 0);
    const decrypt = createSecrets(workspace.options);
    await expect(decrypt()).rejects.toThrow(/belongs to another user: chown it/);
    await chown(workspace.file, 0, 0);
    await chown(workspace.keyFile, 4321, 0);
    await expect(decrypt()).rejects.toThrow(/belongs to another user: chown it/);
  });

  it('what is no plain file', async () => {
    const at = (name: string) => ({ ...workspace.options, file: join(workspace.folder, name) });
    await promisify(execFile)('mkfifo', [at('fifo.yml').file]);
    await mkdir(at('folder.yml').file);
    await symlink('/etc/hostname', at('outside.yml').file);
    await link(workspace.file, at('name-without-ending').file);
    await expect(createSecrets(at('fifo.yml'))()).rejects.toThrow(/no plain file/);
    await expect(createSecrets(at('folder.yml'))()).rejects.toThrow(/no plain file/);
    await expect(createSecrets(at('outside.yml'))()).rejects.toThrow(/link to another folder/);
    await expect(createSecrets(at('missing.yml'))()).rejects.toThrow(/it is missing/);
    await expect(createSecrets(at('name-without-ending'))()).rejects.toThrow(/must end in \.yml/);
  });

  it('but not a link inside the folder, as Kubernetes mounts secrets', async () => {
    await mkdir(join(workspace.folder, '..data'));
    await link(workspace.file, join(workspace.folder, '..data/mounted.yml'));
    const file = join(workspace.folder, 'mounted.yml');
    await symlink('..data/mounted.yml', file);
    expect(await createSecrets({ ...workspace.options, file })()).toMatchObject({
      username: 'relbot',
    });
  });
});
