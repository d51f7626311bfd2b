import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PromotionError } from '../../src/domain/errors.ts';
import type { PinImage } from '../../src/domain/tag.ts';
import { commitMessage } from '../../src/domain/commit-message.ts';
import { repinFiles } from '../../src/pins/pins.ts';
import { digestFromHex } from '../../src/domain/reference.ts';
import { createTrees } from '../../src/source/trees.ts';
import { runGit, temporaryFolder } from '../helpers/source/repository.ts';
import { counted } from '../helpers/counts.ts';

/** 100,000 in the nightly run. */
const numRuns = Number(process.env['PROMOTE_IMAGE_CASES'] ?? counted(400, 2000));

const hex = '0123456789abcdef'.repeat(4);
const reference = {
  name: 'ex.ample/thing',
  tag: '2.0.0',
  digest: digestFromHex('fedcba9876543210'.repeat(4)),
};
const rules: readonly PinImage['tag'][] = [
  { from: 'revision' },
  { from: 'version-file', path: 'docker/VERSION' },
  { from: 'index-hash', prefix: 'decision-' },
];
const image = fc
  .constantFrom(...rules)
  .map((tag): PinImage => ({ publish: reference.name, formerly: ['older/thing'], tag, pins: [] }));

/** What a hostile body is made of: pieces of pins, of patches, of other languages, and bytes. */
const piece = fc.oneof(
  fc.constantFrom(
    reference.name,
    'older/thing',
    'exXample/thing',
    'docker.io/',
    'ghcr.io/',
    ':',
    '@',
    'sha256:',
    '@sha256:',
    hex,
    hex.slice(1),
    `${hex}0`,
    hex.toUpperCase(),
    ':1.0.0',
    ':decision-',
    ':latest',
    ':decision-v1.2',
    ':$TAG',
    '${',
    '}',
    '%s',
    '<tag>',
    '"',
    "'",
    '`',
    '"\n"',
    "' '",
    '" +\n"',
    '\\\n',
    '# ',
    '// ',
    '\n',
    '\r\n',
    '\r',
    ' ',
    'image: ',
    '- ',
    'FROM ',
    '[',
    ']',
    ',',
    '\n  ',
    '\u2028',
    '\ufeff',
    '\0',
    '\x1b[31m',
    'x-checkouts-v3',
    ': /builds/worker/checkouts',
    '"x-checkouts-sparse-v9": /checkouts\n',
    '\n--- a/other\n',
    '\n+++ b/other\n',
    '\n@@ -1 +1 @@\n',
    '\ndiff --git a/o b/o\n',
    '<!channel>',
    '$(touch escaped)',
    '; rm -rf ~',
    '../../',
    '__proto__',
    '$&',
    '$1',
  ),
  fc.string({ unit: 'binary', maxLength: 6 }),
);
const whole = fc.constantFrom(
  `\nimage: ${reference.name}:1.0.0@sha256:${hex}\n`,
  `\nimage: older/thing:1.0.0\n`,
  `\nX = ("${reference.name}:decision-v1.0.0"\n  "@sha256:"\n  "${hex}")\n`,
);
const body = fc
  .array(fc.oneof({ weight: 6, arbitrary: piece }, { weight: 1, arbitrary: whole }), {
    maxLength: 25,
  })
  .map((parts) => Buffer.from(parts.join('')));

const path = fc.oneof(
  fc.constantFrom(
    'a.yml',
    '-rf',
    '--output=x',
    'a b',
    '$(x)',
    'é.yml',
    '"q".yml',
    '*',
    '[a]',
    ':(top)x',
    '#c',
    '!n',
    'docker/HASH',
    'docker/VERSION',
    '__proto__',
    'constructor',
  ),
  fc.constantFrom(
    '../escaped',
    '/etc/escaped',
    'a/../../escaped',
    '.git/config',
    'a/.Git/x',
    'a\nb',
    'a\tb',
    'a\\b',
    './a',
    'a//b',
    '',
    'a/',
    '\x7f',
  ),
  fc.string({ minLength: 1, maxLength: 12 }),
);
const files = fc.uniqueArray(
  fc.record({ path, bytes: body.map((bytes) => new Uint8Array(bytes)), executable: fc.boolean() }),
  { selector: (file) => file.path, minLength: 1, maxLength: 4 },
);

function lines(bytes: Uint8Array): readonly string[] {
  return Buffer.from(bytes).toString('latin1').split('\n');
}

describe('hostile names, paths, tags and bodies', () => {
  it('change no line that no moved pin stands on, and no file without one', () => {
    fc.assert(
      fc.property(image, files, fc.boolean(), (which, given, mercurialChanged) => {
        const result = repinFiles(given, which, { reference, mercurialChanged });
        const moved = new Set(result.pins.map((pin) => pin.path));
        expect(new Set(result.changed.keys())).toEqual(moved);
        for (const file of given) {
          const [before, after] = [
            lines(file.bytes),
            lines(result.changed.get(file.path) ?? file.bytes),
          ];
          expect(after).toHaveLength(before.length);
          // A pin of literals may go over some lines; a cache is wherever its name is.
          const places = result.pins
            .filter((pin) => pin.path === file.path)
            .map(({ line }) => line);
          const caches = result.caches.filter((cache) => cache.path === file.path);
          before.forEach((line, index) => {
            const isPinned = places.some((at) => index + 1 >= at && index + 1 <= at + 12);
            const isCache = caches.some(({ from }) => line.includes(from));
            if (!isPinned && !isCache) expect(after[index]).toBe(line);
          });
        }
      }),
      { numRuns },
    );
  }, 300_000);

  it('change nothing the second time', () => {
    fc.assert(
      fc.property(image, files, (which, given) => {
        const to = { reference, mercurialChanged: true };
        const { changed } = repinFiles(given, which, to);
        const after = given.map((file) => ({
          ...file,
          bytes: changed.get(file.path) ?? file.bytes,
        }));
        expect(repinFiles(after, which, to).changed.size).toBe(0);
      }),
      { numRuns },
    );
  }, 300_000);

  it('make patches of exactly the planned files, or none', async () => {
    const trees = createTrees({ environment: process.env });
    await using folder = await temporaryFolder();
    let [count, made] = [0, 0];
    const given = files.filter(
      (tree) => repinFiles(tree, anyImage, { reference, mercurialChanged: false }).changed.size > 0,
    );
    await fc.assert(
      fc.asyncProperty(given, fc.string({ unit: 'binary' }), async (tree, words) => {
        const { changed } = repinFiles(tree, anyImage, { reference, mercurialChanged: false });
        const landing = { subject: 'chore: x', reference: words, task: words, repository: words };
        const message = commitMessage({ ...landing, revision: `\ndiff --git a/o b/o${words}` });
        const source = { source: `https://example.com/${words}`, revision: '0'.repeat(40) };
        const edit = { tree: { ...source, files: tree }, changed, message, at: new Date(0) };
        const patch = await trees.patch(edit).catch((error: unknown) => error);
        const escapes = [...changed.keys()].some((name) => !isPlainPath(name));
        if (escapes) {
          expect(patch).toBeInstanceOf(PromotionError);
          return;
        }
        expect(patch).toBeTypeOf('string');
        made++;
        const work = join(folder.path, String(count++));
        for (const file of tree.filter((each) => changed.has(each.path))) {
          await mkdir(dirname(join(work, file.path)), { recursive: true });
          await writeFile(join(work, file.path), file.bytes);
        }
        await runGit(work, ['init', '--quiet']);
        const place = join(folder.path, 'the.patch');
        await writeFile(place, String(patch));
        await runGit(work, ['apply', place]);
        const counted = await runGit(work, ['apply', '--numstat', '-z', '--reverse', place]);
        const named = counted
          .split('\0')
          .filter(Boolean)
          .map((line) => line.replace(/^[^\t]*\t[^\t]*\t/, ''));
        expect(named.toSorted()).toEqual([...changed.keys()].toSorted());
      }),
      { numRuns: Math.min(500, Math.ceil(numRuns / 50)) },
    );
    expect(made).toBeGreaterThan(0);
  }, 600_000);
});

const anyImage: PinImage = {
  publish: reference.name,
  formerly: ['older/thing'],
  tag: { from: 'revision' },
  pins: [],
};

/** The same rule as the product’s, said otherwise: through the eyes of somebody who resolves the path. */
function isPlainPath(name: string): boolean {
  const parts = name.split('/');
  const isStrange = parts.some(
    (part) => ['', '.', '..'].includes(part) || /^(?:\.git|git~\d+)$/i.test(part),
  );
  return !isStrange && !/[\\\p{Cc}]/u.test(name.replaceAll(/[\x80-\x9f]/g, ''));
}
