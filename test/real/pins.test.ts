import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PinImage } from '../../src/domain/tag.ts';
import { commitMessage } from '../../src/domain/commit-message.ts';
import { repinFiles } from '../../src/pins/pins.ts';
import type { Tree } from '../../src/domain/tree.ts';
import { digestFromHex, parseReference } from '../../src/domain/reference.ts';
import { createTrees } from '../../src/source/trees.ts';
import { gitRepository, temporaryFolder } from '../helpers/source/repository.ts';
import { hg, serveHg } from '../helpers/real/hg.ts';
import { cases, casesFolder } from '../helpers/real/shared-cases.ts';

async function filesIn(path: string) {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Promise.all(
    files.map(async ({ parentPath, name }) => {
      const file = join(parentPath, name);
      const bytes = new Uint8Array(await readFile(file));
      return { path: file.slice(path.length + 1), bytes, executable: false };
    }),
  );
}

function imageOf({ publish, tagPrefix }: (typeof cases)[number]): PinImage {
  const tag: PinImage['tag'] = tagPrefix
    ? { from: 'index-hash', prefix: tagPrefix }
    : { from: 'version-file', path: 'taskcluster/docker/decision/VERSION' };
  return { publish, formerly: [], tag, pins: [] };
}

describe('a bump that people made by hand', () => {
  it.each(cases)('$name comes out byte for byte', async (bump) => {
    const reference = parseReference(bump.new);
    if (!reference) throw new Error(`${bump.new} is no reference`);
    const before = await filesIn(join(casesFolder, bump.name, 'before'));
    const after = await filesIn(join(casesFolder, bump.name, 'after'));
    const { mercurialChanged } = bump;
    const result = repinFiles(before, imageOf(bump), { reference, mercurialChanged });
    const now = before.map((file) => ({
      ...file,
      bytes: result.changed.get(file.path) ?? file.bytes,
    }));
    expect(now).toEqual(after);
    expect(result.notUnderstood).toEqual([]);
  });
});

const hex = 'ab'.repeat(32);
const image: PinImage = {
  publish: 'example/gecko_decision',
  formerly: ['older/decision'],
  tag: { from: 'version-file', path: 'taskcluster/docker/decision/VERSION' },
  pins: [],
};
const reference = { name: image.publish, tag: '5.1.0', digest: digestFromHex('cd'.repeat(32)) };
const contents = {
  '.taskcluster.yml': `cache:\n    "\${level}-checkouts-sparse-v3": /builds/worker/checkouts\nimage: 'older/decision:5.0.0@sha256:${hex}'\n`,
  'taskcluster/docker/decision/HASH': `sha256:${hex}\n`,
  'crlf.yml': `a: caf\u00e9\r\nimage: example/gecko_decision:5.0.0@sha256:${hex}\r\n`,
  'no end.py': `X = (\n    "example/gecko_decision:5.0.0"\n    "@sha256:"\n    "${hex}"\n)`,
};
const paths = Object.keys(contents);
const trees = createTrees({ environment: process.env });

async function repinned(tree: Tree) {
  const { changed } = repinFiles(tree.files, image, { reference, mercurialChanged: true });
  const message = commitMessage({
    subject: 'Bug 7 - update the d\u00e9cision image',
    reviewers: ['somebody'],
    reference: 'example/gecko_decision:5.1.0',
    task: 'https://tc.example.com/tasks/abc',
    repository: 'https://example.com/r',
    revision: tree.revision,
  });
  return { changed, patch: await trees.patch({ tree, changed, message, at: new Date(0) }) };
}

describe('the patch of a real tree', () => {
  it('lands in Mercurial with hg import', async () => {
    await using served = await serveHg();
    await served.commit(contents);
    const tree = await trees.read({ hg: served.url, branch: 'default', files: paths }, []);
    const { changed, patch } = await repinned(tree);
    expect(changed.size).toBe(paths.length);
    await using outside = await temporaryFolder();
    const file = join(outside.path, 'the.patch');
    await writeFile(file, patch);
    await hg(served.folder, ['import', '--quiet', file]);
    for (const [path, bytes] of changed) {
      expect((await readFile(join(served.folder, path))).equals(bytes), path).toBe(true);
    }
    expect(await hg(served.folder, ['status'])).toBe('');
    const files = await hg(served.folder, ['log', '--rev=tip', '--template={join(files, "\\n")}']);
    expect(files.split('\n').toSorted()).toEqual(paths.toSorted());
    const message = await hg(served.folder, ['log', '--rev=tip', '--template={desc}']);
    expect(message.split('\n')[0]).toBe('Bug 7 - update the d\u00e9cision image r=somebody');
    expect(message).toContain(`Made on ${tree.revision} of ${served.url}.`);
    expect(await hg(served.folder, ['log', '--rev=tip', '--template={author}'])).toBe(
      'promote-image <promote-image@localhost>',
    );
  });

  it('lands in git with git am', async () => {
    await using outside = await temporaryFolder();
    const repository = await gitRepository(join(outside.path, 'r'), contents);
    const tree = await trees.read({ git: repository.url, branch: 'main', files: paths }, []);
    const { changed, patch } = await repinned(tree);
    await writeFile(join(outside.path, 'the.patch'), patch);
    await repository.git('apply', '--check', join(outside.path, 'the.patch'));
    await repository.git('am', '--quiet', join(outside.path, 'the.patch'));
    for (const [path, bytes] of changed) {
      expect((await repository.read(path)).equals(bytes), path).toBe(true);
    }
  });
});
