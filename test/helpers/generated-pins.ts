import fc from 'fast-check';
import type { PinImage } from '../../src/domain/tag.ts';
import { digestFromHex, type Reference } from '../../src/domain/reference.ts';

/** A part of a file: what stands there, and what is to stand there after the pins have moved. */
export interface Part {
  readonly before: string;
  readonly after: string;
  readonly pins: number;
}

export interface GeneratedTree {
  readonly image: PinImage;
  readonly to: Reference;
  readonly mercurialChanged: boolean;
  readonly files: readonly { readonly path: string; readonly parts: readonly Part[] }[];
}

const hex = (length: number): fc.Arbitrary<string> =>
  fc.string({
    unit: fc.constantFrom(...'0123456789abcdef'.split('')),
    minLength: length,
    maxLength: length,
  });

const version = fc.tuple(fc.nat(30), fc.nat(30), fc.nat(30)).map((numbers) => numbers.join('.'));

/** Two images of each kind of tag; the second has a name that begins like another’s. */
const kinds = [
  { rule: { from: 'revision' }, tag: hex(40) },
  { rule: { from: 'version-file', path: 'docker/x/VERSION' }, tag: version },
  {
    rule: { from: 'index-hash', prefix: 'decision-' },
    tag: fc
      .oneof(
        hex(64),
        version.map((number) => `v${number}`),
      )
      .map((rest) => `decision-${rest}`),
  },
] as const;

const names = fc.constantFrom('example/thing', 'some-org/deep/thing.x_y', 'a/b');
const older = 'earlier/thing-of-old';

/** Forms of a pin; `N`, `T` and `H` stand for name, tag and the digest's hex. */
const wholeForms = [
  'image: N:T@sha256:H\n',
  "image: 'N:T@sha256:H'\n",
  'image: "N:T@sha256:H" # comment\r\n',
  'image:\n    N:T@sha256:H\n',
  'image:\n    # comment\n    N:T@sha256:H\n',
  'image: >-\n    N:T@sha256:H\n',
  'image: docker.io/N:T@sha256:H\n',
  '{"image": "N:T@sha256:H"}\n',
  'IMAGE = (\n    "N:T"\n    "@sha256:"\n    "H"\n)\n',
  "x = 'N:T' '@sha256:H'\n",
  "x = 'N' + \\\n  ':T@' + \\\n  'sha256:H'\n",
  'const x = "N:T@sha256:" +\n  "H";\n',
  '# image: N:T@sha256:H\n',
];
const tagForms = [
  'image: N:T\n',
  "image: 'N:T'\n",
  'image:\n    N:T\n',
  '- N:T # comment\n',
  'FROM N:T AS x\n',
  'x = ("N:T")\n',
];

const noise = fc
  .string({
    unit: fc.constantFrom(...'abcXYZ019 :/@"\'#$-{}[]().,\\\t\xe9\xff'.split('')),
    maxLength: 60,
  })
  .map((text) => ({ before: `n ${text}\n`, after: `n ${text}\n`, pins: 0 }));

function fill(form: string, said: { name: string; tag: string; digest: string }): string {
  return form.replaceAll(/\b[NTH]\b/g, (letter) =>
    letter === 'N' ? said.name : letter === 'T' ? said.tag : said.digest,
  );
}

function moving(kind: (typeof kinds)[number], to: Reference): fc.Arbitrary<Part> {
  const said = fc.record({
    name: fc.constantFrom(to.name, to.name, older),
    tag: kind.tag,
    digest: hex(64),
  });
  const next = { name: to.name, tag: to.tag, digest: to.digest.slice(7) };
  return fc.oneof(
    fc.tuple(fc.constantFrom(...wholeForms), said).map(([form, old]) => ({
      before: fill(form, old),
      after: fill(form, next),
      pins: 1,
    })),
    fc.tuple(fc.constantFrom(...tagForms), said).map(([form, old]) => ({
      before: fill(form, old),
      after: fill(form.replace('T', 'T@sha256:H'), next),
      pins: 1,
    })),
  );
}

/** What is not this image's, or no pin: it stays. */
function staying(to: Reference): fc.Arbitrary<Part> {
  const { name } = to;
  return fc
    .tuple(
      fc.constantFrom(
        'image: ghcr.io/N:T@sha256:H\n',
        'image: N-other:T@sha256:H\n',
        'image: other.N:T@sha256:H\n',
        'url: https://hub.docker.com/r/N\n',
        '# all about N and more\n',
        'image: N:$TAG@sha256:H\n',
        'x = "N:" + tag\n',
        'image: N:T@sha256:$H\n',
        'image: N:T@sha512:H\n',
      ),
      hex(64),
    )
    .map(([form, digest]) => {
      const text = fill(form, { name, tag: to.tag, digest });
      return { before: text, after: text, pins: 0 };
    });
}

const caches = fc.nat(20).map((number) => {
  const line = (n: number) => `    "\${x}-checkouts-sparse-v${n}": /builds/worker/checkouts\n`;
  return { before: line(number), after: line(number), raised: line(number + 1), pins: 0 };
});

/** A tree with pins in every form, the image it is about, and what it must become. */
export const generatedTree: fc.Arbitrary<GeneratedTree> = fc
  .tuple(fc.constantFrom(...kinds), names, hex(64), fc.boolean())
  .chain(([kind, name, digest, mercurialChanged]) =>
    kind.tag.chain((tag) => {
      const to: Reference = { name, tag, digest: digestFromHex(digest) };
      const image: PinImage = { publish: name, formerly: [older], tag: kind.rule, pins: [] };
      const part = fc.oneof(noise, moving(kind, to), staying(to), caches);
      const path = fc.constantFrom('a.yml', 'deep/er/b.py', 'c d.js', 'Dockerfile', 'é/ü.conf');
      return fc
        .uniqueArray(
          fc.record({
            path,
            parts: fc.array<Part & { raised?: string }>(part, { maxLength: 8 }),
          }),
          { selector: (file) => file.path, minLength: 1, maxLength: 3 },
        )
        .map((files) => ({
          image,
          to,
          mercurialChanged,
          files: files.map((file) => withCaches(file, mercurialChanged)),
        }));
    }),
  );

/** Checkout caches go up in files of which a pin moves. */
function withCaches(
  file: { readonly path: string; readonly parts: readonly (Part & { readonly raised?: string })[] },
  mercurialChanged: boolean,
): GeneratedTree['files'][number] {
  const moves = file.parts.some(({ before, after }) => before !== after);
  return {
    path: file.path,
    parts: file.parts.map(({ raised, ...part }) =>
      raised !== undefined && moves && mercurialChanged ? { ...part, after: raised } : part,
    ),
  };
}

export function contentOf(parts: readonly Part[], when: 'before' | 'after'): Uint8Array {
  return new Uint8Array(Buffer.from(parts.map((part) => part[when]).join(''), 'latin1'));
}
