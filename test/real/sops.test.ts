import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { json } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { encryptSops, makeAgeKey } from '../../local/sops.ts';
import { findSops } from '../../src/sops/binary.ts';
import { checkSops, createSecrets } from '../../src/sops/secrets.ts';
import { sopsContract } from '../contracts/sops.ts';

const exec = promisify(execFile);
const realSops = () => findSops(process.env);
const standIn = async () => resolve('local/bin/sops');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'real-sops-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function encryptForReal(document: object, ...recipient: string[]): Promise<string> {
  const file = join(folder, 'plain.json');
  await writeFile(file, JSON.stringify(document));
  const [kind, to] = recipient.length === 2 ? recipient : ['--age', recipient[0]];
  const args = ['encrypt', kind, to, '--input-type', 'yaml', '--output-type', 'yaml', file];
  const { stdout } = await exec(await realSops(), args.map(String), { cwd: folder });
  return stdout;
}

sopsContract('the real sops, files of ours', { binary: realSops, encrypt: encryptSops });
sopsContract('the real sops, its own files', { binary: realSops, encrypt: encryptForReal });
sopsContract('the sops stand-in, files of the real one', {
  binary: standIn,
  encrypt: encryptForReal,
});

/** A Vault whose transit engine leaves everything as it is, and the tokens that it was shown. */
async function startVault() {
  const tokens: unknown[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    tokens.push(request.headers['x-vault-token']);
    const { plaintext, ciphertext } = (await json(request)) as Record<string, string>;
    const data = { ciphertext: `vault:v1:${plaintext}`, plaintext: ciphertext?.slice(9) };
    response.end(JSON.stringify({ data }));
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, tokens, [Symbol.dispose]: () => void server.close() };
}

describe('credentials through the real sops', () => {
  const document = { registry: { user: 'relbot', token: 'canary-7f3a' } };
  const paths = { username: 'registry.user', password: 'registry.token' };

  it('come from a file for an age key', async () => {
    const key = await makeAgeKey();
    const keyFile = join(folder, 'age.txt');
    const file = join(folder, 'age.sops.yml');
    await writeFile(keyFile, key.file, { mode: 0o400 });
    await writeFile(file, await encryptForReal(document, key.recipient));
    const options = { file, ...paths, env: { ...process.env, SOPS_AGE_KEY_FILE: keyFile } };

    const credentials = await createSecrets(options)();
    expect(credentials.username).toBe('relbot');
    expect(credentials.password.reveal()).toBe('canary-7f3a');
    expect(await checkSops(options)).toMatchObject({ version: '3.11.0', keyTypes: ['age'] });
  });

  it.each([
    ['12_34', /registry\.token is a number in it, without quotes/],
    ['0123', /registry\.token is a number in it/],
    ['1e5', /registry\.token is a number in it/],
    ['yes', 'yes'],
    ['dckr_pat_1-2_3', 'dckr_pat_1-2_3'],
    ['"12_34"', '12_34'],
    ['|\n    12_34', '12_34'],
    ['x\n---\nregistry: {}', /more than one YAML document/],
  ])('are told for what they are where the token was written as %j', async (token, outcome) => {
    const key = await makeAgeKey();
    const [keyFile, plain, file] = ['key.txt', 'plain.yml', 'written.sops.yml'].map((name) =>
      join(folder, name),
    ) as [string, string, string];
    await rm(keyFile, { force: true });
    await writeFile(keyFile, key.file, { mode: 0o400 });
    await writeFile(plain, `registry:\n  user: relbot\n  token: ${token}\n`);
    const { stdout } = await exec(await realSops(), ['encrypt', '--age', key.recipient, plain]);
    await writeFile(file, stdout);
    const options = { file, ...paths, env: { ...process.env, SOPS_AGE_KEY_FILE: keyFile } };
    if (typeof outcome === 'string') {
      expect((await createSecrets(options)()).password.reveal()).toBe(outcome);
    } else {
      await expect(createSecrets(options)()).rejects.toThrow(outcome);
      expect(await checkSops(options)).toMatchObject({ reason: 'sops-file' });
    }
  });

  it('come from a file for a gpg key', async () => {
    const home = await mkdtemp(join(tmpdir(), 'gnupg-'));
    const env = { ...process.env, GNUPGHOME: home };
    try {
      const generate = [
        '--batch',
        '--passphrase',
        '',
        '--quick-generate-key',
        'bot',
        'rsa2048',
        'encr',
      ];
      await exec('gpg', generate, { env });
      const listed = await exec('gpg', ['--list-keys', '--with-colons'], { env });
      const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(listed.stdout)?.[1] ?? '';
      process.env['GNUPGHOME'] = home;
      const text = await encryptForReal(document, '--pgp', fingerprint);
      delete process.env['GNUPGHOME'];
      const file = join(folder, 'pgp.sops.yml');
      await writeFile(file, text);
      const credentials = await createSecrets({ file, ...paths, env })();
      expect(credentials.password.reveal()).toBe('canary-7f3a');
      await expect(
        createSecrets({ file, ...paths, env: { ...env, GNUPGHOME: undefined } })(),
      ).rejects.toMatchObject({ reason: 'sops-no-key' });
    } finally {
      delete process.env['GNUPGHOME'];
      await exec('gpgconf', ['--kill', 'all'], { env });
      await rm(home, { recursive: true, force: true });
    }
  });

  it('come from a file for a Vault key, and no other Vault than ours sees the token', async () => {
    using ours = await startVault();
    using evil = await startVault();
    const transit = (of: { readonly url: string }) => `${of.url}/v1/sops/keys/hub`;
    const honest = await encryptForReal(document, '--hc-vault-transit', transit(ours));
    const hostile = await encryptForReal(document, '--hc-vault-transit', transit(evil));
    const asJson = JSON.stringify(parse(honest));
    const evilKeys: unknown = parse(hostile).sops.hc_vault;
    ours.tokens.length = evil.tokens.length = 0;
    const token = 's.canary';
    const credentials = async (
      text: string,
      name: string,
      env: object = { VAULT_ADDR: ours.url },
    ) => {
      const file = join(folder, name);
      await writeFile(file, text);
      const all = { ...process.env, VAULT_TOKEN: token, ...env };
      return createSecrets({ file, ...paths, env: all })().catch((error: unknown) => error);
    };

    expect(await credentials(honest, 'vault.yml')).toMatchObject({ username: 'relbot' });
    expect(await credentials(asJson, 'vault.json')).toMatchObject({ username: 'relbot' });
    expect(ours.tokens).toEqual([token, token]);

    const keys = JSON.stringify(evilKeys);
    const hidden = (by: string) => asJson.replace(/\}\}$/, `,${by}}}`);
    for (const [name, text, env] of [
      ['evil.yml', hostile],
      ['nobody.yml', hostile, {}],
      ['capitals.json', hidden(`"HC_VAULT":${keys}`)],
      ['second.json', hidden(`"x":0},"SOPS":{"hc_vault":${keys}`)],
    ] as const) {
      expect(await credentials(text, name, env)).toMatchObject({ reason: 'sops-file' });
    }
    expect(evil.tokens).toEqual([]);
    expect(ours.tokens).toHaveLength(2);
  });
});
