import { once } from 'node:events';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Revision } from '../../src/domain/reference.ts';
import { createTrees, type TreesOptions } from '../../src/source/trees.ts';
import {
  gitRepository,
  runGit,
  temporaryFolder,
  writeTree,
  type Contents,
} from '../helpers/source/repository.ts';

const names = ['example/thing', 'older/thing'];

const contents: Contents = {
  '.ci.yml': 'image: example/thing:1\n',
  'deep/er/b \u00fc.py': '"older/thing:1"\n',
  'run.sh': { bytes: 'docker run example/thing:1', executable: true },
  'other.yml': 'image: example/another\n',
  link: { bytes: '', link: 'example/thing' },
  'binary.dat': Buffer.from('example/thing\0'),
  'huge.yml': 'example/thing\n'.repeat(1000),
};

function treesIn(temporary: string, more: Partial<TreesOptions> = {}) {
  return createTrees({ environment: process.env, temporary, ...more });
}

const auto = (git: string) => ({ git, branch: 'main', files: 'auto' }) as const;

describe('a source tree in git', () => {
  it('gives every tracked text file that names the image, and the tip', async () => {
    await using folder = await temporaryFolder();
    const repository = await gitRepository(join(folder.path, 'r'), contents);
    const trees = treesIn(folder.path, { limits: { fileBytes: 5000 } });
    const tree = await trees.read(auto(repository.url), names);
    expect(tree.revision).toBe(await repository.git('rev-parse', 'HEAD'));
    expect(tree.source).toBe(repository.url);
    expect(tree.files.map(({ path, executable }) => [path, executable])).toEqual([
      ['.ci.yml', false],
      ['deep/er/b \u00fc.py', false],
      ['run.sh', true],
    ]);
    for (const { path, bytes } of tree.files) {
      expect((await repository.read(path)).equals(bytes), path).toBe(true);
    }
    expect(await readdir(folder.path)).toEqual(['r']);
  });

  it('gives the listed files as they are, in bytes', async () => {
    await using folder = await temporaryFolder();
    const bytes = Uint8Array.from({ length: 512 }, (_, index) => index % 256);
    const repository = await gitRepository(join(folder.path, 'r'), { 'a/b': bytes, c: 'x' });
    const tree = await treesIn(folder.path).read(
      { git: repository.url, branch: 'main', files: ['a/b', 'c'] },
      names,
    );
    expect(tree.files.map(({ path }) => path)).toEqual(['a/b', 'c']);
    expect(tree.files[0]?.bytes).toEqual(bytes);
  });

  it('says so where the server only hands out files', async () => {
    await using folder = await temporaryFolder();
    const repository = await gitRepository(join(folder.path, 'r'), contents);
    await repository.git('update-server-info');
    const server = createServer(({ url = '' }, response) => {
      readFile(join(folder.path, new URL(url, 'http://server').pathname)).then(
        (bytes) => response.end(bytes),
        () => response.writeHead(404).end(),
      );
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const reading = treesIn(folder.path).read(auto(`http://127.0.0.1:${port}/r/.git`), names);
    await expect(reading).rejects.toMatchObject({
      facts: { problem: expect.stringContaining('cannot send one commit alone') },
    });
    server.closeAllConnections();
    server.close();
  });

  it('is empty of pins where nothing names the image', async () => {
    await using folder = await temporaryFolder();
    const repository = await gitRepository(join(folder.path, 'r'), { a: 'nothing' });
    const tree = await treesIn(folder.path).read(auto(repository.url), names);
    expect(tree.files).toEqual([]);
  });

  it('leaves symbolic links and submodules out, and says that a listed one is no file', async () => {
    await using folder = await temporaryFolder();
    const inner = await gitRepository(join(folder.path, 'inner'), { a: 'example/thing:1' });
    const repository = await gitRepository(join(folder.path, 'r'), {
      l: { bytes: '', link: 'x' },
      'deep/f': 'x',
    });
    await repository.git(
      'update-index',
      '--add',
      '--cacheinfo',
      `160000,${await inner.git('rev-parse', 'HEAD')},sub`,
    );
    await repository.git('commit', '--quiet', '--message=sub');
    const trees = treesIn(folder.path);
    for (const path of ['none', 'a*']) {
      const source = { git: repository.url, branch: 'main', files: [path] };
      await expect(trees.read(source, names)).rejects.toMatchObject({
        reason: 'tree-file-missing',
        facts: { path, source: repository.url },
      });
    }
    const revision = Revision.parse(await repository.git('rev-parse', 'HEAD'));
    for (const [path, what] of [
      ['l', 'a symbolic link'],
      ['sub', 'a submodule'],
      ['deep', 'a folder'],
    ] as const) {
      const strange = {
        reason: 'tree-file-strange',
        facts: { path, what, revision, source: repository.url },
      };
      const source = { git: repository.url, branch: 'main', files: [path] };
      await expect(trees.read(source, names)).rejects.toMatchObject(strange);
      expect(await trees.file(repository.url, revision, path)).toMatchObject(strange);
    }
  });

  it('says that commits of SHA-256 cannot be read, and does not blame the network', async () => {
    await using folder = await temporaryFolder();
    const url = join(folder.path, 'r');
    await runGit(folder.path, ['init', '--quiet', '--object-format=sha256', url]);
    await writeTree(url, { a: 'example/thing:1' });
    await runGit(url, ['add', '--all']);
    await runGit(url, ['commit', '--quiet', '--message=x']);
    await runGit(url, ['branch', '--move', '--force', 'main']);
    for (const files of ['auto', ['a']] as const) {
      const source = { git: `file://${url}`, branch: 'main', files };
      await expect(treesIn(folder.path).read(source, names)).rejects.toMatchObject({
        reason: 'tree-unreachable',
        facts: { problem: expect.stringContaining('named by SHA-256') },
      });
    }
  });

  it('gives a file at a revision that no branch has any more', async () => {
    await using folder = await temporaryFolder();
    const repository = await gitRepository(join(folder.path, 'r'), { 'docker/VERSION': '1\n' });
    const first = Revision.parse(await repository.git('rev-parse', 'HEAD'));
    await repository.commit({ 'docker/VERSION': '2\n' });
    const trees = treesIn(folder.path);
    expect(await trees.file(repository.url, first, 'docker/VERSION')).toBe('1\n');
    expect(await trees.file(repository.url, first, 'docker/HASH')).toMatchObject({
      reason: 'tree-file-missing',
      facts: { path: 'docker/HASH', revision: first },
    });
    const unknown = Revision.parse('0'.repeat(39) + '1');
    await expect(trees.file(repository.url, unknown, 'docker/VERSION')).rejects.toMatchObject({
      reason: 'tree-unreachable',
      facts: { problem: `it has no commit ${unknown}` },
    });
  });

  it.each([
    [
      'a branch that is not there',
      (url: string) => ({ git: url, branch: 'none' }),
      'it has no branch none',
    ],
    [
      'a tag instead of a branch',
      (url: string) => ({ git: url, branch: 'v1' }),
      'it has no branch v1',
    ],
    ['no repository', (url: string) => ({ git: `${url}-none` }), 'there is no repository'],
    [
      'a helper that runs commands',
      () => ({ git: 'ext::sh -c true' }),
      'this kind of address is not allowed',
    ],
    [
      'http beside loopback',
      () => ({ git: 'git://127.0.0.1/x' }),
      'this kind of address is not allowed',
    ],
    [
      'a port where nothing listens',
      () => ({ git: 'https://127.0.0.1:1/x' }),
      'nothing answers there',
    ],
  ])('says in words what is wrong with %s', async (_, place, problem) => {
    await using folder = await temporaryFolder();
    const repository = await gitRepository(join(folder.path, 'r'), { a: 'x' });
    await repository.git('tag', 'v1');
    const source = { branch: 'main', files: 'auto', ...place(repository.url) } as const;
    await expect(treesIn(folder.path).read(source, names)).rejects.toMatchObject({
      reason: 'tree-unreachable',
      facts: { problem },
    });
    expect(await readdir(folder.path)).toEqual(['r']);
  });

  it('shows no login that stands in an address', async () => {
    const source = auto('https://somebody:s3cret@127.0.0.1:1/x');
    const trees = createTrees({ environment: process.env });
    const error: unknown = await trees.read(source, names).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ facts: { source: 'https://127.0.0.1:1/x' } });
    expect(String(error)).not.toContain('s3cret');
  });

  it('gives up on a server that never answers, and leaves no process and no folder', async () => {
    await using folder = await temporaryFolder();
    const server = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const closed = new Promise<void>((resolve) => {
      server.once('connection', (socket) => socket.once('close', () => resolve()));
    });
    const trees = treesIn(folder.path, { timeouts: { gitMs: 1000 } });
    await expect(trees.read(auto(`http://127.0.0.1:${port}/r`), names)).rejects.toMatchObject({
      facts: { problem: 'no answer within 1 s' },
    });
    await closed;
    expect(await readdir(folder.path)).toEqual([]);
    server.close();
  });

  it('hands no login of this machine to a server that asks for one', async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, '.netrc'), 'machine 127.0.0.1 login me password s3cret\n');
    const logins: (string | undefined)[] = [];
    const server = createServer(({ headers }, response) => {
      logins.push(headers.authorization);
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const trees = createTrees({ environment: { ...process.env, HOME: folder.path } });
    await expect(trees.read(auto(`http://127.0.0.1:${port}/r`), names)).rejects.toMatchObject({
      facts: { problem: 'it asks for a login, or does not exist' },
    });
    expect(logins.filter(Boolean)).toEqual([]);
    server.close();
  });

  it('follows no redirect and asks twice where a server has trouble', async () => {
    await using folder = await temporaryFolder();
    let [asked, followed] = [0, 0];
    const server = createServer(({ url = '' }, response) => {
      if (url.startsWith('/elsewhere')) followed++;
      if (url.startsWith('/moved')) response.writeHead(302, { location: '/elsewhere/info/refs' });
      else response.writeHead(503);
      asked++;
      response.end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const trees = treesIn(folder.path);
    await expect(trees.read(auto(`http://127.0.0.1:${port}/r`), names)).rejects.toMatchObject({
      facts: { problem: 'the server has trouble' },
    });
    expect(asked).toBe(2);
    await expect(trees.read(auto(`http://127.0.0.1:${port}/moved`), names)).rejects.toMatchObject({
      facts: { problem: 'it redirects to another address, which is not followed' },
    });
    expect(followed).toBe(0);
    server.close();
  });

  it('refuses a tree in which too much names the image', async () => {
    await using folder = await temporaryFolder();
    const many = Object.fromEntries(
      Array.from({ length: 9 }, (_, index) => [`f${index}`, 'example/thing']),
    );
    const repository = await gitRepository(join(folder.path, 'r'), many);
    const few = treesIn(folder.path, { limits: { files: 8 } });
    await expect(few.read(auto(repository.url), names)).rejects.toMatchObject({
      facts: { problem: 'more than 8 files are to be read' },
    });
    const small = treesIn(folder.path, { limits: { treeBytes: 20 } });
    await expect(small.read(auto(repository.url), names)).rejects.toMatchObject({
      facts: { problem: 'it is larger than allowed' },
    });
  });

  it('says so where there is no git', async () => {
    const trees = createTrees({ environment: { PATH: '/nowhere' } });
    await expect(trees.read(auto('https://127.0.0.1:1/x'), names)).rejects.toMatchObject({
      facts: { problem: 'git is not on PATH' },
    });
  });

  it('reads a server that does not hand out parts', async () => {
    await using folder = await temporaryFolder();
    const repository = await gitRepository(join(folder.path, 'r'), { a: 'x', b: 'y' });
    await runGit(repository.folder, ['config', 'uploadpack.allowFilter', 'false']);
    const source = { git: repository.url, branch: 'main', files: ['a'] };
    expect((await treesIn(folder.path).read(source, names)).files).toHaveLength(1);
    await runGit(repository.folder, ['config', 'uploadpack.allowFilter', 'true']);
    expect((await treesIn(folder.path).read(source, names)).files).toHaveLength(1);
  });
});
