import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findPins, repinFiles } from '../../src/pins/pins.ts';
import { createTrees } from '../../src/source/trees.ts';
import { contentOf, generatedTree, type GeneratedTree } from '../helpers/generated-pins.ts';
import { runGit, temporaryFolder } from '../helpers/source/repository.ts';
import { counted } from '../helpers/counts.ts';

const numRuns = Number(process.env['PROMOTE_IMAGE_CASES'] ?? counted(200, 1000));

function repinned(tree: GeneratedTree, files = filesOf(tree)) {
  const { to: reference, mercurialChanged, image } = tree;
  return repinFiles(files, image, { reference, mercurialChanged });
}

function filesOf({ files }: GeneratedTree) {
  return files.map(({ path, parts }) => ({
    path,
    bytes: contentOf(parts, 'before'),
    executable: false,
  }));
}

describe('in any tree with pins of every form', () => {
  it('changes the planned bytes and no other', () => {
    fc.assert(
      fc.property(generatedTree, (tree) => {
        const { changed } = repinned(tree);
        for (const { path, parts } of tree.files) {
          const before = contentOf(parts, 'before');
          const after = contentOf(parts, 'after');
          const now = Buffer.from(changed.get(path) ?? before).toString('latin1');
          expect(now).toBe(Buffer.from(after).toString('latin1'));
          expect(changed.has(path)).toBe(Buffer.compare(before, after) !== 0);
        }
      }),
      { numRuns },
    );
  });

  it('changes nothing the second time', () => {
    fc.assert(
      fc.property(generatedTree, (tree) => {
        const { changed, pins, settled } = repinned(tree);
        const files = filesOf(tree).map((file) => ({
          ...file,
          bytes: changed.get(file.path) ?? file.bytes,
        }));
        const again = repinned(tree, files);
        expect(again.changed.size).toBe(0);
        expect(again.pins).toEqual([]);
        expect(again.settled).toHaveLength(pins.length + settled.length);
      }),
      { numRuns },
    );
  });

  it('finds each pin before it moves', () => {
    fc.assert(
      fc.property(generatedTree, (tree) => {
        const expected = tree.files.flatMap(({ parts }) => parts).filter(({ pins }) => pins > 0);
        expect(findPins(filesOf(tree), tree.image).pins).toHaveLength(expected.length);
      }),
      { numRuns },
    );
  });

  it('gives a patch that git applies', async () => {
    await using folder = await temporaryFolder();
    const trees = createTrees({ environment: process.env });
    let count = 0;
    await fc.assert(
      fc.asyncProperty(generatedTree, async (tree) => {
        const { changed } = repinned(tree);
        if (changed.size === 0) return;
        const work = join(folder.path, String(count++));
        const files = filesOf(tree);
        for (const { path, bytes } of files) {
          await mkdir(dirname(join(work, path)), { recursive: true });
          await writeFile(join(work, path), bytes);
        }
        const patch = await trees.patch({
          tree: { source: 'https://example.com/r', revision: '0'.repeat(40), files },
          changed,
          message: 'chore: move\n',
          at: new Date(0),
        });
        await writeFile(join(work, 'the.patch'), patch);
        await runGit(work, ['init', '--quiet']);
        await runGit(work, ['apply', '--check', 'the.patch']);
        const counted = await runGit(work, ['apply', '--numstat', '-z', 'the.patch']);
        const paths = counted
          .split('\0')
          .filter(Boolean)
          .map((line) => String(line.split('\t')[2]));
        expect(paths.toSorted()).toEqual([...changed.keys()].toSorted());
      }),
      { numRuns: Math.min(500, Math.ceil(numRuns / 100)) },
    );
  }, 300_000);
});
