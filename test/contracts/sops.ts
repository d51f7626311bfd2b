import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeAgeKey, type AgeKey } from '../../local/sops.ts';

export interface SopsUnderTest {
  /** The absolute path of a `sops`. */
  readonly binary: () => Promise<string>;
  /** Encrypts a document for an age recipient, as YAML. */
  readonly encrypt: (document: object, recipient: string) => Promise<string>;
}

const document = {
  mozillareleases: {
    username: 'relbot',
    token: 't0k: "én"',
    '5': 'five',
    note_unencrypted: 'open',
  },
  kinds: { int: 12, negative: -3, float: 2.5, yes: true, no: false, empty: '', nothing: null },
  list: ['a', { b: 'c' }, ['d', 'e']],
  none: [],
  plain_unencrypted: { int: 7, float: 0.25, yes: true, text: 'seen' },
};

/** What every `sops decrypt` does alike: the real one and the stand-in. */
export function sopsContract(name: string, { binary, encrypt }: SopsUnderTest): void {
  describe(name, () => {
    let folder: string;
    let key: AgeKey;
    let sound: string;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'sops-contract-'));
      key = await makeAgeKey();
      sound = await encrypt(document, key.recipient);
      await writeFile(join(folder, 'keys.txt'), key.file);
      await writeFile(join(folder, 'other.txt'), (await makeAgeKey()).file);
      await writeFile(join(folder, 'empty.txt'), '');
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));

    async function decrypt(text: string, keyFile = 'keys.txt', extension = 'yml') {
      const file = join(folder, `credentials.${extension}`);
      await writeFile(file, text);
      return sops(['decrypt', '--output-type', 'json', file], keyFile);
    }

    async function sops(args: readonly string[], keyFile: string) {
      const env = {
        PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
        HOME: folder,
        SOPS_AGE_KEY_FILE: join(folder, keyFile),
      };
      const program = await binary();
      return new Promise<{ code: number; stdout: string }>((resolve) => {
        execFile(program, args, { env, cwd: folder }, (error, stdout) => {
          resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout });
        });
      });
    }

    it('gives every value back with its type', async () => {
      const { code, stdout } = await decrypt(sound);
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toEqual(document);
    });

    it('gives YAML where nothing else is asked for', async () => {
      const file = join(folder, 'as-yaml.yml');
      await writeFile(file, sound);
      const { code, stdout } = await sops(['decrypt', file], 'keys.txt');
      expect(code).toBe(0);
      expect(stdout).toMatch(/^mozillareleases:\n +"5": five\n +username: relbot\n/);
      expect(stdout).not.toContain('sops:');
    });

    it('tells its version', async () => {
      const { stdout } = await sops(['--version', '--disable-version-check'], 'keys.txt');
      expect(stdout).toMatch(/^sops 3\.\d+\.\d+/);
    });

    const value = (field: string) => new RegExp(` ${field}: (ENC.*)`).exec(sound)?.[1] ?? '';
    const replace = (what: string | RegExp, by: string) => {
      const changed = sound.replace(what, by);
      if (changed === sound) throw new Error(`Nothing like ${what} in the file`);
      return changed;
    };
    const line = (field: string) => new RegExp(`^ +${field}: .*\\n`, 'm');

    const tampered: Record<string, [code: number, () => string]> = {
      'a value in which one bit differs': [
        25,
        () => {
          const [, first] = /data:(.)/.exec(value('token')) ?? [];
          const other = value('token').replace(/data:./, `data:${first === 'A' ? 'B' : 'A'}`);
          return replace(value('token'), other);
        },
      ],
      'a value moved to another key': [25, () => replace(' token:', ' tokem:')],
      'two values swapped': [
        25,
        () =>
          replace(value('username'), '@')
            .replace(value('token'), value('username'))
            .replace('@', value('token')),
      ],
      'a value copied to a new key': [
        25,
        () => replace(/^list:/m, `copy: ${value('token')}\nlist:`),
      ],
      'plain text in place of a value': [25, () => replace(value('token'), 'plain')],
      'a number in place of a value': [2, () => replace(value('token'), '12')],
      'plain text under a new key': [25, () => replace(/^list:/m, 'new: plain\nlist:')],
      'a value emptied': [51, () => replace(value('token'), '""')],
      'a value made null': [51, () => replace(value('token'), 'null')],
      'a value deleted': [51, () => replace(line('token'), '')],
      'an unencrypted value changed': [51, () => replace('open', 'shut')],
      'an unencrypted value added': [51, () => replace(/^list:/m, 'new_unencrypted: x\nlist:')],
      'values in another order': [
        51,
        () =>
          replace(line('username'), '').replace(line('token'), (token) =>
            `${token}  username: ${value('username')}\n`.replace(/^( +)(.*\n) +/, '$1$2$1'),
          ),
      ],
      'the MAC removed': [51, () => replace(/^ +mac: .*\n/m, '')],
      'the MAC emptied': [51, () => replace(/( mac:) .*/, '$1 ""')],
      'a MAC that is garbage': [51, () => replace(/( mac:) .*/, '$1 garbage')],
      'another value as the MAC': [51, () => replace(/( mac:) .*/, `$1 ${value('token')}`)],
      'another time of change': [
        51,
        () => replace(/lastmodified: .*/, 'lastmodified: "2020-01-01T00:00:00Z"'),
      ],
      'a time of change that is none': [
        1,
        () => replace(/lastmodified: .*/, 'lastmodified: yesterday'),
      ],
      'another rule for the MAC': [
        51,
        () => replace(/( +)version:/, '$1mac_only_encrypted: true\n$1version:'),
      ],
      'another rule for what is encrypted': [
        25,
        () => replace(/unencrypted_suffix: .*/, 'unencrypted_suffix: ken'),
      ],
      'the version removed': [1, () => replace(/^ +version: .*\n/m, '')],
      'no recipient': [1, () => replace(/^ +age:[^]*?-----END AGE ENCRYPTED FILE-----\n/m, '')],
      'a damaged data key': [128, () => replace('-----END AGE', '-----END AGF')],
      'no metadata': [1, () => replace(/^sops:[^]*/m, '')],
      'a key twice': [1, () => replace(/^list:/m, 'kinds: {}\nlist:')],
      'no YAML': [1, () => 'a: ['],
      'an empty file': [1, () => ''],
    };
    it.each(Object.entries(tampered))('refuses %s', async (_, [code, text]) => {
      const outcome = await decrypt(text());
      expect(outcome).toEqual({ code, stdout: '' });
    });

    it.each(['other.txt', 'empty.txt', 'missing.txt'])('has no key in %s', async (keyFile) => {
      expect(await decrypt(sound, keyFile)).toEqual({ code: 128, stdout: '' });
    });

    it('tells a missing file from a folder', async () => {
      const missing = await sops(['decrypt', join(folder, 'missing.yml')], 'keys.txt');
      const directory = await sops(['decrypt', folder], 'keys.txt');
      expect([missing.code, directory.code]).toEqual([100, 2]);
    });
  });
}
