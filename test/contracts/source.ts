import { describe, expect, it } from 'vitest';
import { Revision } from '../../src/domain/reference.ts';
import { createTrees } from '../../src/source/trees.ts';

/** A Mercurial server with one repository, for the length of a test. */
export interface HgPlace extends AsyncDisposable {
  readonly url: string;
  /** Commits the files on the branch and gives the changeset. */
  commit(files: Readonly<Record<string, string | Uint8Array>>, branch?: string): Promise<string>;
}

/** What holds of any Mercurial server as a source of pins and versions. */
export function describeHg(name: string, start: () => Promise<HgPlace>): void {
  const trees = createTrees({
    environment: process.env,
    timeouts: { hgMs: 10_000 },
    limits: { fileBytes: 100_000 },
  });
  const listed = (hg: string, files: readonly string[], branch = 'default') =>
    trees.read({ hg, branch, files }, []);

  describe(`a source tree on ${name}`, () => {
    it('is read at the tip of its branch, byte for byte', async () => {
      await using hg = await start();
      const odd = Uint8Array.from({ length: 256 }, (_, index) => index);
      await hg.commit({ '.ci.yml': 'old\n' });
      const revision = await hg.commit({ '.ci.yml': 'a: caf\u00e9\r\n', 'deep/er/HASH': odd });
      const tree = await listed(hg.url, ['.ci.yml', 'deep/er/HASH']);
      expect(tree.source).toBe(hg.url);
      expect(tree.revision).toBe(revision);
      expect(tree.files.map(({ path }) => path)).toEqual(['.ci.yml', 'deep/er/HASH']);
      expect(Buffer.from(tree.files[0]?.bytes ?? []).toString()).toBe('a: caf\u00e9\r\n');
      expect(tree.files[1]?.bytes).toEqual(odd);
    });

    it('is read anew after the next commit', async () => {
      await using hg = await start();
      await hg.commit({ f: '1' });
      const before = await listed(hg.url, ['f']);
      const revision = await hg.commit({ f: '2' });
      const after = await listed(hg.url, ['f']);
      expect(after.revision).toBe(revision);
      expect(after.revision).not.toBe(before.revision);
      expect(Buffer.from(after.files[0]?.bytes ?? []).toString()).toBe('2');
    });

    it('may have odd names of branches and files', async () => {
      await using hg = await start();
      await hg.commit({ a: 'first' });
      const path = 'a b/%41+#?.yml';
      const revision = await hg.commit({ [path]: 'x' }, 'releases/esr-128');
      const tree = await listed(hg.url, [path], 'releases/esr-128');
      expect(tree.revision).toBe(revision);
      expect(tree.files).toHaveLength(1);
    });

    it('gives a file as it was at a revision', async () => {
      await using hg = await start();
      const revision = Revision.parse(await hg.commit({ 'docker/VERSION': '5.0.0\n' }));
      await hg.commit({ 'docker/VERSION': '5.1.0\n' });
      expect(await trees.file(hg.url, revision, 'docker/VERSION')).toBe('5.0.0\n');
      expect(await trees.file(hg.url, revision, 'docker/NONE')).toMatchObject({
        reason: 'tree-file-missing',
        facts: { path: 'docker/NONE', revision },
      });
    });

    it('says what is missing', async () => {
      await using hg = await start();
      await hg.commit({ f: '1' });
      await expect(listed(hg.url, ['f', 'g'])).rejects.toMatchObject({
        reason: 'tree-file-missing',
        facts: { path: 'g' },
      });
      await expect(listed(hg.url, ['f'], 'none')).rejects.toMatchObject({
        reason: 'tree-unreachable',
        facts: { problem: 'it has no branch none, or is no Mercurial repository' },
      });
    });

    it('is refused where a file is larger than allowed', async () => {
      await using hg = await start();
      await hg.commit({ f: new Uint8Array(200_000) });
      await expect(listed(hg.url, ['f'])).rejects.toMatchObject({
        reason: 'tree-unreachable',
        facts: { problem: 'it is larger than allowed' },
      });
    });
  });
}
