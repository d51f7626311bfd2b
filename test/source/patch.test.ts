import { writeFile } from 'node:fs/promises';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Tree } from '../../src/domain/tree.ts';
import { createTrees } from '../../src/source/trees.ts';
import {
  gitRepository,
  runGit,
  temporaryFolder,
  type Contents,
} from '../helpers/source/repository.ts';

const at = new Date('2026-11-23T08:09:10Z');
const message = 'chore: update the image\n\nImage: example/thing:2.0\n';

/** The tree, and the same with every `1.0` made `2.0`. */
async function edited(contents: Contents, folder: string) {
  const repository = await gitRepository(join(folder, 'repository'), contents);
  const trees = createTrees({ environment: process.env });
  const source = { git: repository.url, branch: 'main', files: 'auto' } as const;
  const tree = await trees.read(source, ['1.0']);
  return { repository, trees, tree, changed: raised(tree) };
}

function raised({ files }: Tree): Map<string, Uint8Array> {
  return new Map(
    files.map(({ path, bytes }) => [
      path,
      Buffer.from(Buffer.from(bytes).toString('latin1').replaceAll('1.0', '2.0'), 'latin1'),
    ]),
  );
}

describe('the author of a patch', () => {
  const from = async (author?: { name: string; email: string }) => {
    await using folder = await temporaryFolder();
    const { trees, tree, changed, repository } = await edited({ f: '1.0\n' }, folder.path);
    const patch = await trees.patch({ tree, changed, message, at, author });
    await writeFile(join(folder.path, 'p.patch'), patch);
    await repository.git('am', '--quiet', join(folder.path, 'p.patch'));
    expect(await repository.git('log', '-1', '--format=%s%n%b')).toContain('Image: example/thing');
    return await repository.git('log', '-1', '--format=%an <%ae>');
  };

  it('is whoever asked for the promotion', async () => {
    expect(await from({ name: 'Zoë Müller', email: 'zoe+ci@example.com' })).toBe(
      'Zoë Müller <zoe+ci@example.com>',
    );
  });

  it.each([
    ['A\ncommit refs/heads/evil', 'a@example.com', 'A commit refs/heads/evil <a@example.com>'],
    ['A <root@example.com>', 'a@example.com', 'A root example.com <a@example.com>'],
    ['\u202eevil\u200b', 'a@example.com', 'evil <a@example.com>'],
    ['<>', 'a@example.com', 'a <a@example.com>'],
    ['A', 'a@example.com>\nX: <b', 'promote-image <promote-image@localhost>'],
    ['A', 'a b@example.com', 'promote-image <promote-image@localhost>'],
  ])('is text and nothing else, whatever they are called: %j, %j', async (name, email, author) => {
    expect(await from({ name, email })).toBe(author);
  });

  it('is the bot where Slack gives no address', async () => {
    expect(await from()).toBe('promote-image <promote-image@localhost>');
  });
});

const contents: Contents = {
  'a.yml': `${'x: 1\n'.repeat(20)}image: 1.0\n${'y: 2\n'.repeat(20)}`,
  'run.sh': { bytes: '#!/bin/sh\n# 1.0\n', executable: true },
  'no final newline.txt': 'a\n1.0',
  'crlf.yml': 'a: 1\r\nimage: 1.0\r\nb: 2\r\n',
  'latin1.yml': Buffer.from('caf\u00e9: 1.0\n', 'latin1'),
  '\u00fcml\u00e4ut/\u65e5\u672c [x] *.yml': 'caf\u00e9: 1.0\n',
  'big.yml': '1.0\n'.repeat(3000),
  'other.yml': 'nothing\n',
};

describe('the patch of an edit', () => {
  it('lands with git am, byte for byte, and touches nothing else', async () => {
    await using folder = await temporaryFolder();
    const { repository, trees, tree, changed } = await edited(contents, folder.path);
    const patch = await trees.patch({ tree, changed, message, at });
    await writeFile(join(folder.path, 'the.patch'), patch);
    await repository.git('am', '--quiet', join(folder.path, 'the.patch'));
    for (const [path, bytes] of changed) {
      expect((await repository.read(path)).equals(bytes), path).toBe(true);
    }
    const touched = await repository.git('diff', '--name-status', '-z', 'HEAD~');
    expect(touched.split('\0').filter(Boolean)).toHaveLength(changed.size * 2);
    expect(await repository.git('status', '--porcelain')).toBe('');
    expect(await repository.git('ls-files', '--stage', 'run.sh')).toMatch(/^100755 /);
    expect(await repository.git('log', '-1', '--format=%an <%ae> %aI')).toBe(
      'promote-image <promote-image@localhost> 2026-11-23T08:09:10+00:00',
    );
  });

  it('applies with git apply', async () => {
    await using folder = await temporaryFolder();
    const { repository, trees, tree, changed } = await edited(contents, folder.path);
    const patch = await trees.patch({ tree, changed, message, at });
    await writeFile(join(folder.path, 'the.patch'), patch);
    await repository.git('apply', '--index', join(folder.path, 'the.patch'));
    for (const [path, bytes] of changed) {
      expect((await repository.read(path)).equals(bytes), path).toBe(true);
    }
  });

  it('is made of the very blobs of the tree, and says on which revision', async () => {
    await using folder = await temporaryFolder();
    const { repository, trees, tree, changed } = await edited(contents, folder.path);
    const patch = await trees.patch({ tree, changed, message, at });
    const blob = await repository.git('rev-parse', 'HEAD:a.yml');
    expect(patch).toContain(`\nindex ${blob}..`);
    expect(patch).toMatch(/\nindex [0-9a-f.]+ 100755\n--- a\/run\.sh\n/);
    expect(patch).toMatch(/^From 0{40} /);
    expect(patch).toContain(`\nMade on ${tree.revision} of ${repository.url}.\n`);
    expect(patch).not.toContain('has moved');
    const moved = await trees.patch({ tree, changed, message, at, planned: '1'.repeat(40) });
    expect(moved).toContain(
      `The tree has moved since the plan, which was made on ${'1'.repeat(40)}.`,
    );
  });

  it('is the same whenever it is made', async () => {
    await using folder = await temporaryFolder();
    const { trees, tree, changed } = await edited(contents, folder.path);
    const edit = { tree, changed, message, at };
    expect(await trees.patch(edit)).toBe(await trees.patch(edit));
  });

  it.each([
    ['a bug and other letters', 'Bug 1861626 - use caf\u00e9:\u65e5\u672c. r=me\n\nK\u00f6rper\n'],
    ['a long first line', `${'chore: word '.repeat(20).trim()}\n\nBody\n`],
    ['no body', 'chore: x'],
  ])('keeps a message with %s', async (_, given) => {
    await using folder = await temporaryFolder();
    const { repository, trees, tree, changed } = await edited({ a: '1.0\n' }, folder.path);
    const patch = await trees.patch({ tree, changed, message: given, at });
    await writeFile(join(folder.path, 'the.patch'), patch);
    await repository.git('am', '--quiet', join(folder.path, 'the.patch'));
    expect(await repository.git('log', '-1', '--format=%B')).toBe(
      `${given.trim()}\n\nMade on ${tree.revision} of ${repository.url}.`,
    );
  });

  it('takes no line of the message for a part of the patch', async () => {
    await using folder = await temporaryFolder();
    const { repository, trees, tree, changed } = await edited(
      { a: '1.0\n', b: 'x\n' },
      folder.path,
    );
    const lines = [
      'From: Eve <eve@example.com>',
      'diff --git a/b b/b',
      '--- a/b',
      '+++ b/b',
      '@@ -1 +1 @@',
      '-x',
      '+evil',
      '---',
      'diff --git a/c b/c',
      'new file mode 100644',
      'Index: b',
      '-- >8 --',
      '# HG changeset patch',
      'From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001',
      '\u001b[31mred',
      'before\0after',
    ];
    const hostile = `chore: x\n\n${lines.join('\n')}\n`;
    const patch = await trees.patch({ tree, changed, message: hostile, at });
    await writeFile(join(folder.path, 'the.patch'), patch);
    await repository.git('apply', '--check', join(folder.path, 'the.patch'));
    await repository.git('am', '--quiet', join(folder.path, 'the.patch'));
    expect(await repository.git('diff', '--name-only', 'HEAD~')).toBe('a');
    expect(await repository.git('log', '-1', '--format=%an')).toBe('promote-image');
    expect(await repository.git('log', '-1', '--format=%B')).toContain('new file mode');
    expect(await repository.git('log', '-1', '--format=%B')).not.toContain('\u001b');
    expect(await repository.git('log', '-1', '--format=%B')).toContain('before after');
    expect(await repository.git('rev-list', '--count', 'HEAD')).toBe('2');
  });

  it.each([
    '../out',
    '/etc/passwd',
    '.git/hooks/pre-commit',
    'a/.GIT/config',
    'a//b',
    'a\nb',
    './a',
  ])('is refused for the path %j', async (path) => {
    const file = { path, bytes: new Uint8Array([1]), executable: false };
    const tree = { source: 'https://example.com/r', revision: '0'.repeat(40), files: [file] };
    const changed = new Map([[path, new Uint8Array([2])]]);
    const trees = createTrees({ environment: process.env });
    await expect(trees.patch({ tree, changed, message, at })).rejects.toMatchObject({
      reason: 'patch-failed',
    });
  });

  it('is refused for a file that the tree does not have, and for no change', async () => {
    const tree = { source: 'https://example.com/r', revision: '0'.repeat(40), files: [] };
    const trees = createTrees({ environment: process.env });
    const changed = new Map([['a', new Uint8Array([2])]]);
    for (const edit of [changed, new Map<string, Uint8Array>()]) {
      await expect(trees.patch({ tree, changed: edit, message, at })).rejects.toMatchObject({
        reason: 'patch-failed',
      });
    }
  });

  it('leaves nothing behind, also where it fails', async () => {
    await using folder = await temporaryFolder();
    const trees = createTrees({ environment: process.env, temporary: folder.path });
    const file = { path: 'a', bytes: new Uint8Array([1]), executable: false };
    const tree = { source: 'https://example.com/r', revision: '0'.repeat(40), files: [file] };
    const changed = new Map([['a', new Uint8Array([2])]]);
    await trees.patch({ tree, changed, message, at });
    await trees.patch({ tree, changed, message, at: new Date(NaN) }).catch(() => undefined);
    expect(await readdir(folder.path)).toEqual([]);
  });

  it('runs no hook and reads no settings of whoever runs it', async () => {
    await using folder = await temporaryFolder();
    const home = join(folder.path, 'home');
    await runGit(folder.path, ['init', '--quiet', 'home']);
    await writeFile(
      join(home, '.gitconfig'),
      '[format]\n\tattach = true\n[core]\n\tquotePath = true\n',
    );
    const trees = createTrees({ environment: { ...process.env, HOME: home, GIT_DIR: '/nowhere' } });
    const file = { path: '\u00fc', bytes: Buffer.from('1\n'), executable: false };
    const tree = { source: 'https://example.com/r', revision: '0'.repeat(40), files: [file] };
    const changed = new Map([['\u00fc', Buffer.from('2\n')]]);
    const patch = await trees.patch({ tree, changed, message, at });
    expect(patch).toContain('diff --git a/\u00fc b/\u00fc');
    expect(patch).not.toContain('multipart');
  });
});
