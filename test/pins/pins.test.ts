import { describe, expect, it } from 'vitest';
import { commitMessage, subject } from '../../src/domain/commit-message.ts';
import { findPins, repinFiles, type Repinned } from '../../src/pins/pins.ts';
import type { PinImage } from '../../src/domain/tag.ts';
import { digestFromHex, type Reference } from '../../src/domain/reference.ts';

const oldHex = '0123456789abcdef'.repeat(4);
const newHex = 'fedcba9876543210'.repeat(4);
const oldRevision = 'ed88efef5c4b4dca87066d03ae0a90e18fbe23cd';
const newRevision = 'bd900d7a313c796d48da21fdb54ae35db812e3dc';

const buildDecision: PinImage = {
  publish: 'example/build-decision',
  formerly: [],
  tag: { from: 'revision' },
  pins: [],
};
const builder: PinImage = {
  publish: 'example/image_builder',
  formerly: ['older/image_builder'],
  tag: { from: 'version-file', path: 'taskcluster/docker/image_builder/VERSION' },
  pins: [],
};
const geckoDecision: PinImage = {
  publish: 'example/gecko_decision',
  formerly: ['older/decision'],
  tag: { from: 'version-file', path: 'taskcluster/docker/decision/VERSION' },
  pins: [],
};
const decision: PinImage = {
  publish: 'example/taskgraph',
  formerly: [],
  tag: { from: 'index-hash', prefix: 'decision-' },
  pins: [],
};

const digest = digestFromHex(newHex);
const toBuild: Reference = { name: buildDecision.publish, tag: newRevision, digest };
const toBuilder: Reference = { name: builder.publish, tag: '6.2.0', digest };
const toGecko: Reference = { name: geckoDecision.publish, tag: '5.1.0', digest };
const toDecision: Reference = { name: decision.publish, tag: `decision-${newHex}`, digest };

interface Case {
  readonly image: PinImage;
  readonly to: Reference;
  readonly path?: string;
  readonly mercurialChanged?: boolean;
}

function file(path: string, text: string) {
  return { path, bytes: new Uint8Array(Buffer.from(text, 'latin1')), executable: false };
}

function repin(text: string, { image, to, path = 'ci.yml', mercurialChanged = false }: Case) {
  return repinFiles([file(path, text)], image, { reference: to, mercurialChanged });
}

function textOf(result: Repinned, path: string): string | undefined {
  const bytes = result.changed.get(path);
  return bytes && Buffer.from(bytes).toString('latin1');
}

/** Expects that nothing is touched and, unless told otherwise, that nothing is reported. */
function expectLeftAlone(text: string, options: Case, reported = 0): void {
  const result = repin(text, options);
  expect([...result.changed]).toEqual([]);
  expect(result.notUnderstood).toHaveLength(reported);
}

function expectMoved(before: string, after: string, options: Case): Repinned {
  const result = repin(before, options);
  expect(textOf(result, options.path ?? 'ci.yml')).toBe(after);
  expect(result.notUnderstood).toEqual([]);
  expect(repin(after, options).changed.size).toBe(0);
  return result;
}

describe('forms of a pin', () => {
  const build = { image: buildDecision, to: toBuild };
  const from = `example/build-decision:${oldRevision}@sha256:${oldHex}`;
  const to = `example/build-decision:${newRevision}@sha256:${newHex}`;

  it.each([
    ['one line', `a: 1\n  image: ${'PIN'}\nb: 2\n`],
    ['single-quoted', `image: 'PIN'\n`],
    ['double-quoted', `image: "PIN"  # why\n`],
    ['folded over two lines', `payload:\n  image:\n      PIN\n  env: {}\n`],
    ['folded with a comment between', `image:\n  # keep this in sync\n  PIN\n`],
    ['a folded block scalar', `image: >-\n  PIN\n`],
    ['without a line end', `image: PIN`],
    ['with carriage returns', `a: b\r\nimage: PIN\r\nc: d\r\n`],
    ['JSON', `{"image": "PIN", "x": 1}`],
    ['a JavaScript template', 'const image = `PIN`;\n'],
    ['a shell command', 'docker run --rm PIN true\n'],
    ['a registry’s host before it', `image: docker.io/PIN\n`],
    ['another host of the same registry', `image: index.docker.io/PIN\n`],
    ['a transport before it', `skopeo inspect docker://PIN\n`],
    ['an example in the documentation', '.. code-block:: yaml\n\n   image: PIN\n'],
    ['a comment', '# image: PIN\n'],
    ['bytes of another encoding', `# caf\xe9\nimage: PIN\n`],
  ])('moves a pin in the form: %s', (_, form) => {
    expectMoved(form.replace('PIN', from), form.replace('PIN', to), build);
  });

  it('moves three Python literals on three lines, each in its place', () => {
    const literals = (name: string, hex: string) =>
      `IMAGE_BUILDER_IMAGE = (\n    "${name}"\n    "@sha256:"\n    "${hex}"\n)\n`;
    expectMoved(
      literals('example/image_builder:5.0.0', oldHex),
      literals('example/image_builder:6.2.0', newHex),
      { image: builder, to: toBuilder, path: 'docker_image.py' },
    );
  });

  it.each([
    ['single quotes on one line', `X = 'NAME:TAG' '@sha256:' 'HEX'`],
    ['a plus', `X = "NAME:TAG@sha256:" + "HEX"`],
    ['a plus at the beginning of the line', `X = "NAME:TAG"\n  + "@sha256:HEX";`],
    ['a backslash at the line end', `x['i'] = 'NAME:TAG@sha256:' + \\\n    'HEX'\n`],
    ['a comment between', `(\n "NAME:TAG"  # version\n "@sha256:"\n # digest\n "HEX"\n)`],
    ['the colon apart', `("NAME" ":TAG" "@" "sha256:HEX")`],
    ['string prefixes', `(r"NAME:TAG" u"@sha256:" b"HEX")`],
    ['carriage returns', `(\r\n "NAME:TAG"\r\n "@sha256:HEX"\r\n)`],
  ])('moves literals that are joined with: %s', (_, form) => {
    const fill = (tag: string, hex: string) =>
      form.replace('NAME', 'example/image_builder').replace('TAG', tag).replace('HEX', hex);
    const options = { image: builder, to: toBuilder, path: 'x.py' };
    expectMoved(fill('5.0.0', oldHex), fill('6.2.0', newHex), options);
  });

  it('keeps where a name, a tag and a digest are split', () => {
    const halves = [oldHex.slice(0, 30), oldHex.slice(30), newHex.slice(0, 30), newHex.slice(30)];
    expectMoved(
      `("older/" "image_builder:5." "0.0@sha256:" "${halves[0]}" "${halves[1]}")`,
      `("example/" "image_builder:6." "2.0@sha256:" "${halves[2]}" "${halves[3]}")`,
      { image: builder, to: toBuilder, path: 'x.py' },
    );
    expectMoved(
      `("example/taskgraph:decision-" "${oldHex}" "@sha256:${oldHex}")`,
      `("example/taskgraph:decision-" "${newHex}" "@sha256:${newHex}")`,
      { image: decision, to: toDecision, path: 'x.py' },
    );
  });

  it('does not take the next argument for a part of the tag', () => {
    expectMoved(
      `run("example/image_builder:5.0.0@sha256:${oldHex}" "6")`,
      `run("example/image_builder:6.2.0@sha256:${newHex}" "6")`,
      { image: builder, to: toBuilder, path: 'x.py' },
    );
    const two = (pin: string) => `images=("${pin}" "other")\n`;
    expectMoved(
      two('example/image_builder:5.0.0'),
      two(`example/image_builder:6.2.0@sha256:${newHex}`),
      { image: builder, to: toBuilder, path: 'x.sh' },
    );
  });

  it.each([
    ['a value', 'image: PIN\n'],
    ['a value with a comment', 'image: PIN # pinned by tag\n'],
    ['a folded value', 'image:\n    PIN\n'],
    ['a quoted value', `    image: "PIN",\n`],
    ['an item of a list', '- PIN\n'],
    ['an item of a flow list', 'images: [PIN]\n'],
    ['a member of a flow mapping', 'x: {image: PIN, y: 1}\n'],
    ['a Dockerfile', 'FROM --platform=linux/amd64 PIN AS base\nRUN true\n'],
    ['an assignment', 'IMAGE=PIN\n'],
    ['a Python literal', 'IMAGE = (\n    "PIN"\n)\n'],
  ])('gives a tag without a digest one: %s', (_, form) => {
    expectMoved(
      form.replace('PIN', 'example/taskgraph:decision-v15.4.0'),
      form.replace('PIN', `example/taskgraph:decision-${newHex}@sha256:${newHex}`),
      { image: decision, to: toDecision, path: 'x.conf' },
    );
  });

  it('keeps a digest without a tag as one', () => {
    expectMoved(
      `w['image'] = 'older/image_builder@sha256:' + \\\n    '${oldHex}'\n`,
      `w['image'] = 'example/image_builder@sha256:' + \\\n    '${newHex}'\n`,
      { image: builder, to: toBuilder, path: 'x.py' },
    );
  });

  it('moves an older name to the published one', () => {
    const result = expectMoved(
      `image: 'older/decision:2.0.0@sha256:${oldHex}'\n`,
      `image: 'example/gecko_decision:5.1.0@sha256:${newHex}'\n`,
      { image: geckoDecision, to: toGecko },
    );
    expect(result.pins).toEqual([
      {
        path: 'ci.yml',
        line: 1,
        from: `older/decision:2.0.0@sha256:${oldHex}`,
        to: `example/gecko_decision:5.1.0@sha256:${newHex}`,
      },
    ]);
  });

  it('moves several old pins of one tree, and tells where each was', () => {
    const files = [
      file('a.yml', `x: example/taskgraph:decision-v1.0.0\ny: example/taskgraph:decision-v2.0.0\n`),
      file('b.yml', `\n\nz: 'example/taskgraph:decision-${oldHex}@sha256:${oldHex}'\n`),
      file('c.yml', `z: example/taskgraph:decision-${newHex}@sha256:${newHex}\n`),
    ];
    const result = repinFiles(files, decision, { reference: toDecision, mercurialChanged: false });
    expect(result.pins.map(({ path, line }) => `${path}:${line}`)).toEqual([
      'a.yml:1',
      'a.yml:2',
      'b.yml:3',
    ]);
    expect([...result.changed.keys()]).toEqual(['a.yml', 'b.yml']);
    expect(result.settled.map(({ path }) => path)).toEqual(['c.yml']);
  });
});

describe('whose a pin is', () => {
  it.each([
    'run-task-v24.1.1',
    'run-task-latest',
    `decision-mobile-${oldHex}`,
    'decision-mobile-latest',
    'decision-ubuntu',
    'index-task-v1.0.0',
    'latest',
    'v1.0.0',
  ])('leaves %s of the same repository alone', (tag) => {
    expectLeftAlone(`image: example/taskgraph:${tag}@sha256:${oldHex}\n`, {
      image: decision,
      to: toDecision,
    });
    expectLeftAlone(`image: example/taskgraph:${tag}\n`, { image: decision, to: toDecision });
  });

  it.each(['decision-v24.1.1', `decision-${oldHex}`, `decision-${oldHex}ab`])(
    'takes %s for its own',
    (tag) => {
      const { pins } = repin(`image: example/taskgraph:${tag}\n`, {
        image: decision,
        to: toDecision,
      });
      expect(pins).toHaveLength(1);
    },
  );

  it.each([
    ['example/taskgraph:decision-latest', decision, toDecision],
    ['example/build-decision:latest', buildDecision, toBuild],
  ])('leaves %s alone, which moves on purpose, and tells where it stands', (name, image, to) => {
    const text = `a: 1\nimage: ${name}\n`;
    const result = repin(text, { image, to });
    expect(result).toMatchObject({ pins: [], notUnderstood: [] });
    expect(result.moving).toEqual([{ path: 'ci.yml', line: 2, name }]);
    expect(findPins([file('ci.yml', text)], image).moving).toEqual(result.moving);
    expect(repin(`image: ${name}@sha256:${oldHex}\n`, { image, to }).pins).toHaveLength(1);
  });

  it('moves only the pins with the prefix of a tag that was given by hand', () => {
    const to = { ...toDecision, tag: `decision-mobile-${newHex}` };
    const text = (mobile: string) =>
      `a: example/taskgraph:decision-${oldHex}@sha256:${oldHex}\nb: example/taskgraph:${mobile}\n`;
    expectMoved(
      text(`decision-mobile-${oldHex}@sha256:${oldHex}`),
      text(`decision-mobile-${newHex}@sha256:${newHex}`),
      { image: decision, to },
    );
  });

  it.each([
    'ghcr.io/example/build-decision',
    'example/build-decision-next',
    'example/build-decision.old',
    'another-example/build-decision',
    'my.example/build-decision',
    'example/build-decision/sub',
  ])('leaves another repository alone: %s', (name) => {
    expectLeftAlone(`image: ${name}:${oldRevision}@sha256:${oldHex}\n`, {
      image: buildDecision,
      to: toBuild,
    });
  });

  it.each([
    ['x.yml', '# the image example/build-decision is built here'],
    ['x.yml', '# example/build-decision:latest is not pinned'],
    ['x.yml', `a: 1 # as in example/build-decision:${oldRevision} before`],
    ['x.js', `f(); // example/build-decision:${oldRevision}`],
    ['x.yml', 'url: https://hub.docker.com/r/example/build-decision'],
    ['x.yml', 'see: https://hub.docker.com/repository/docker/example/build-decision/tags'],
    ['x.py', `if image.startswith("example/build-decision"):`],
    ['README.md', 'docker push example/build-decision:$HASH'],
    ['docs/howto.rst', `    docker tag build-decision example/build-decision:${oldRevision}`],
    ['docs/howto.rst', 'pin it as example/build-decision:<tag>@sha256:<digest>'],
    ['x.yml', 'example/build-decision: {}'],
  ])('leaves talk about the image alone (%s): %s', (path, text) => {
    expectLeftAlone(`${text}\n`, { image: buildDecision, to: toBuild, path });
  });
});

describe('what is not understood', () => {
  it.each([
    'image: example/build-decision:$TAG',
    'image: example/build-decision:${TAG}@sha256:${DIGEST}',
    `image: example/build-decision:${oldRevision}@sha256:\${DIGEST}`,
    `x = "example/build-decision:" + tag`,
    `x = "example/build-decision:${oldRevision}" + suffix`,
    `x = f"example/build-decision:{tag}"`,
    `x = 'example/build-decision@' + digest`,
    `image: example/build-decision:${oldRevision}@sha256:${oldHex.slice(1)}`,
    `image: example/build-decision:${oldRevision}@sha256:${oldHex}0`,
    `image: example/build-decision:${oldRevision}@sha256:${oldHex.toUpperCase()}`,
    `image: example/build-decision:${oldRevision}@sha512:${oldHex}${oldHex}`,
    `image: example/build-decision:-bad`,
    `image: example/build-decision:nightly@sha256:${oldHex}`,
    `image: \${REGISTRY}/example/build-decision:${oldRevision}@sha256:${oldHex}`,
    `docker pull example/build-decision:${oldRevision}`,
    `x = registry + "example/build-decision:${oldRevision}"`,
    `x = "example/build-decision:${oldRevision} is old"`,
  ])('tells file and line of %s and leaves it', (text) => {
    const options = { image: buildDecision, to: toBuild };
    expectLeftAlone(`a: 1\n${text}\n`, options, 1);
    const { notUnderstood } = findPins([file('ci.yml', `a: 1\n${text}\n`)], buildDecision);
    expect(notUnderstood).toEqual([{ path: 'ci.yml', line: 2, name: 'example/build-decision' }]);
  });

  it('tells of a value alone on a line that is no value', () => {
    const text = `docker pull \\\n  example/build-decision:${oldRevision}\n`;
    expectLeftAlone(text, { image: buildDecision, to: toBuild }, 1);
  });

  it('tells of a name that is split where the new one is not', () => {
    const image = { ...builder, formerly: ['older/team/image_builder'] };
    const text = `X = "older/" "team/" "image_builder:5.0.0@sha256:${oldHex}"\n`;
    expectLeftAlone(text, { image, to: toBuilder, path: 'x.py' }, 1);
  });

  it('tells of a digest alone in a repository of several images', () => {
    expectLeftAlone(
      `image: example/taskgraph@sha256:${oldHex}\n`,
      { image: decision, to: toDecision },
      1,
    );
  });

  it('tells nothing of another image’s variables', () => {
    const options = { image: decision, to: toDecision };
    expectLeftAlone('image: example/taskgraph:run-task-$V\n', options);
    expectLeftAlone('image: example/taskgraph:decision-mobile-$HASH\n', options);
    expectLeftAlone('image: example/taskgraph:decision-$HASH\n', options, 1);
    expectLeftAlone('image: example/taskgraph:$TAG\n', options, 1);
  });

  it('still moves the pin beside it', () => {
    const text = (pin: string) => `a: example/build-decision:$TAG\nb: ${pin}\n`;
    const result = repin(text(`example/build-decision:${oldRevision}@sha256:${oldHex}`), {
      image: buildDecision,
      to: toBuild,
    });
    expect(textOf(result, 'ci.yml')).toBe(
      text(`example/build-decision:${newRevision}@sha256:${newHex}`),
    );
    expect(result.notUnderstood).toHaveLength(1);
  });
});

describe('HASH and VERSION files', () => {
  const hash = 'taskcluster/docker/decision/HASH';
  const version = 'taskcluster/docker/decision/VERSION';
  const options = { image: geckoDecision, to: toGecko };

  it('moves the HASH beside the VERSION that the tag comes from', () => {
    const result = expectMoved(`sha256:${oldHex}\n`, `sha256:${newHex}\n`, {
      ...options,
      path: hash,
    });
    expect(result.pins).toEqual([
      { path: hash, line: 1, from: `sha256:${oldHex}`, to: `sha256:${newHex}` },
    ]);
  });

  it('leaves the HASH of another image and a dead one alone', () => {
    expectLeftAlone(`sha256:${oldHex}\n`, {
      ...options,
      path: 'taskcluster/docker/image_builder/HASH',
    });
    expectLeftAlone(`sha256:${oldHex}\n`, { image: decision, to: toDecision, path: hash });
  });

  it('moves a HASH that the configuration lists', () => {
    const source = { git: 'https://example.com/r', branch: 'main', files: ['docker/x/HASH'] };
    const image = { ...decision, pins: [source] };
    expectMoved(`sha256:${oldHex}\n`, `sha256:${newHex}\n`, {
      image,
      to: toDecision,
      path: 'docker/x/HASH',
    });
  });

  it('tells of a HASH that holds no digest', () => {
    expectLeftAlone('nothing\n', { ...options, path: hash }, 1);
  });

  it('raises an older VERSION, and never lowers one', () => {
    expectMoved('5.0.9\n', '5.1.0\n', { ...options, path: version });
    expectLeftAlone('5.1.0\n', { ...options, path: version });
    expectLeftAlone('5.10.0\n', { ...options, path: version });
    expectLeftAlone('whatever\n', { ...options, path: version });
  });
});

describe('files that are no text of people', () => {
  const pin = `image: example/build-decision:${oldRevision}@sha256:${oldHex}\n`;
  it('leaves binary files alone', () => {
    expectLeftAlone(`${pin}\0`, { image: buildDecision, to: toBuild });
  });
  it('leaves huge files alone', () => {
    expectLeftAlone(pin + ' '.repeat(5 * 1024 * 1024), { image: buildDecision, to: toBuild });
  });
  it('reads a large hostile file in reasonable time', () => {
    const hostile = ['example/build-decision', 'example/build-decision:1"', `example"#`, `x "" '`];
    for (const part of hostile) {
      const started = performance.now();
      repin(part.repeat(1_000_000 / part.length), { image: buildDecision, to: toBuild });
      expect(performance.now() - started).toBeLessThan(5000);
    }
  });
});

describe('the checkout cache', () => {
  const pin = (revision: string, hex: string) =>
    `image: 'example/gecko_decision:${revision}@sha256:${hex}'\n`;
  const options = { image: geckoDecision, to: toGecko, mercurialChanged: true };

  it.each([
    ['"${trustDomain}-level-${repository.level}-checkouts-sparse-v3": /builds/worker/checkouts', 4],
    ['${trustDomain}-level-${level}-checkouts-sparse-v1: /builds/worker/checkouts', 2],
    ["'level-${repository.level}-checkouts-v9': /home/worker/checkouts", 10],
    ['level-3-checkouts-v1: "/builds/worker/checkouts"', 2],
    ['cacheName: gecko-level-3-checkouts-hg-v1', 2],
  ])('gets a new name when Mercurial changed: %s', (cache, number) => {
    const raised = cache.replace(/-v\d+/, `-v${number}`);
    const text = (a: string, b: string) => `cache:\n    ${a}\nx: 1\n${b}`;
    const result = expectMoved(
      text(cache, pin('5.0.0', oldHex)),
      text(raised, pin('5.1.0', newHex)),
      options,
    );
    expect(result.caches).toMatchObject([{ path: 'ci.yml', line: 2 }]);
  });

  it('gets it wherever the file says the name, each name once', () => {
    const text = (a: number, b: number) =>
      [
        `scopes: ['docker-worker:cache:x-checkouts-sparse-v${a}']`,
        `cache: {"x-checkouts-sparse-v${a}": /builds/worker/checkouts}`,
        `cache: {"x-checkouts-sparse-v${b}": /builds/worker/checkouts}`,
        `other: x-checkouts-sparse-v30`,
        '',
      ].join('\n');
    const result = expectMoved(
      text(3, 4) + pin('5.0.0', oldHex),
      text(4, 5) + pin('5.1.0', newHex),
      options,
    );
    expect(result.caches.map(({ from, to }) => `${from} ${to}`)).toEqual([
      'x-checkouts-sparse-v3 x-checkouts-sparse-v4',
      'x-checkouts-sparse-v4 x-checkouts-sparse-v5',
    ]);
  });

  it.each([
    '"${trustDomain}-level-${level}-${project}-checkouts-git-shallow-v1": /builds/worker/checkouts',
    '"x-pip-v1": /builds/worker/.cache/pip',
    'HG_STORE_PATH: /builds/worker/checkouts/hg-store-v1',
    "- '--checkout=/builds/worker/checkouts-v1'",
    '"x-checkouts-v1": true',
  ])('leaves what is no cache of Mercurial’s: %s', (line) => {
    const result = repin(`${line}\n${pin('5.0.0', oldHex)}`, options);
    expect(textOf(result, 'ci.yml')).toBe(`${line}\n${pin('5.1.0', newHex)}`);
  });

  it('keeps its name while Mercurial stays, and in files whose pins stay', () => {
    const cache = '"x-checkouts-sparse-v3": /builds/worker/checkouts\n';
    const stays = repin(cache + pin('5.0.0', oldHex), { ...options, mercurialChanged: false });
    expect(textOf(stays, 'ci.yml')).toBe(cache + pin('5.1.0', newHex));
    expectLeftAlone(cache, options);
    expectLeftAlone(cache + pin('5.1.0', newHex), options);
  });
});

describe('the commit message', () => {
  it.each([
    ['ab'.repeat(20), 'abababababab', 'abababababab'],
    [`decision-${'cd'.repeat(32)}`, 'decision-cdcdcdcdcdcd', 'decision-cdcdcdcdcdcd'],
    ['5.1.0', '5.1.0', '5.1.0'],
    ['v5.1.0', '5.1.0', 'v5.1.0'],
    ['decision-v24.2.0-rc1', '24.2.0-rc1', 'decision-v24.2.0-rc1'],
    ['$&', '$&', '$&'],
  ])('may name the tag %s: whole, as a version, and short', (tag, version, short) => {
    const message = 'chore: use {tag} ({version}, {short}, {tag})';
    const named = `use ${tag} (${version}, ${short}, ${tag})`;
    expect(subject({ message }, { tag })).toBe(`chore: ${named}`);
    expect(subject({ message }, { tag, bug: 5 })).toBe(`Bug 5 - ${named}`);
  });

  const image = { message: 'chore: update build-decision image in templates' };

  it('is the configured one, or that of a bug', () => {
    const tag = 'ab'.repeat(20);
    expect(subject(image, { tag })).toBe('chore: update build-decision image in templates');
    expect(subject(image, { tag, bug: 1861626 })).toBe(
      'Bug 1861626 - update build-decision image in templates',
    );
    const message = 'No bug - Update the image';
    expect(subject({ message }, { tag, bug: 7 })).toBe('Bug 7 - Update the image');
  });

  it('says what the image is and where it comes from', () => {
    const message = commitMessage({
      subject: subject(image, { tag: 'x', bug: 5 }),
      reference: 'example/build-decision:1@sha256:2',
      task: 'https://tc.example.com/tasks/abc',
      repository: 'https://example.com/r',
      revision: newRevision,
      reviewers: ['one', 'two'],
    });
    expect(message).toMatchInlineSnapshot(`
      "Bug 5 - update build-decision image in templates r=one,two

      Image: example/build-decision:1@sha256:2
      Task: https://tc.example.com/tasks/abc
      Built from: bd900d7a313c796d48da21fdb54ae35db812e3dc of https://example.com/r
      "
    `);
  });

  it.each([
    ['Bug 5 - update the image', 'Bug 5 - update the image r=one'],
    ['No bug - Update the image', 'No bug - Update the image r=one'],
    ['chore: update the image', 'chore: update the image'],
    ['fix: Bug 5 is over', 'fix: Bug 5 is over'],
  ])('names reviewers where the tree’s commits do: %s', (first, expected) => {
    const landing = { reference: 'a', task: 'b', repository: 'c', revision: 'd' };
    const message = commitMessage({ ...landing, subject: first, reviewers: ['one'] });
    expect(message.split('\n')[0]).toBe(expected);
  });

  it('holds no line that a fact brought along', () => {
    const message = commitMessage({
      subject: 'a\ndiff --git a/x b/x',
      reference: 'r\r\n+++ b/x',
      task: 't\0',
      repository: 'u',
      revision: 'v',
    });
    expect(message.split('\n')).toHaveLength(6);
  });
});
