import { execa } from 'execa';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

const shared = ['domain', 'ports.ts', 'store-port.ts', 'net'];
const outside = ['local', 'bench', 'test'];

/** Who may know whom. `src/` is left out; a name with an ending is a file at its top. */
const mayKnow: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  words: ['domain'],
  pins: ['domain'],
  flow: ['domain', 'words', 'pins', 'ports.ts', 'store-port.ts'],
  net: ['domain', 'ports.ts'],
  archive: shared,
  packing: [...shared, 'archive'],
  registry: [...shared, 'archive', 'packing'],
  docker: [...shared, 'archive'],
  taskcluster: shared,
  sops: shared,
  source: shared,
  store: shared,
  slack: [...shared, 'words'],
  service: [...shared, 'words', 'flow', 'slack', 'store', 'config.ts', 'composition.ts'],
  'ports.ts': ['domain'],
  'store-port.ts': ['domain', 'ports.ts'],
  'config.ts': ['domain', 'net', 'docker', 'store', 'taskcluster'],
};

/** The roots put together what nobody else may: they know every room, and nobody knows them but these. */
const roots = ['verbs', 'composition.ts', 'main.ts', 'cli.ts'];
const rooms = [...Object.keys(mayKnow), ...roots];

interface Wall {
  readonly from: string;
  readonly to: string;
  readonly stands: boolean;
}

function allWalls(): readonly Wall[] {
  const between = Object.entries(mayKnow).flatMap(([from, known]) =>
    [...rooms, ...outside]
      .filter((to) => to !== from)
      .map((to) => ({ from, to, stands: !known.includes(to) })),
  );
  const around = roots.flatMap((from) => outside.map((to) => ({ from, to, stands: true })));
  const apart: readonly Wall[] = [
    { from: 'composition.ts', to: 'main.ts', stands: true },
    { from: 'composition.ts', to: 'cli.ts', stands: true },
    { from: 'composition.ts', to: 'verbs', stands: true },
    { from: 'composition.ts', to: 'registry', stands: false },
    { from: 'verbs', to: 'main.ts', stands: true },
    { from: 'verbs', to: 'cli.ts', stands: true },
    { from: 'verbs', to: 'flow', stands: false },
    { from: 'main.ts', to: 'slack', stands: false },
    { from: 'cli.ts', to: 'verbs', stands: false },
    { from: 'local', to: 'test', stands: true },
    { from: 'local', to: 'bench', stands: true },
    { from: 'local', to: 'flow', stands: false },
    { from: 'bench', to: 'test', stands: true },
    { from: 'bench', to: 'local', stands: false },
    { from: 'test', to: 'bench', stands: false },
  ];
  return [...between, ...around, ...apart];
}

const walls = allWalls();

/** Where a file of this room is. */
function fileOf(room: string, name: string): string {
  const top = outside.includes(room) ? '' : 'src';
  return room.endsWith('.ts') ? join(top, room) : join(top, room, name);
}

/** What goes through a wall: a value, a type, and something that is only handed on. */
const ways: readonly ((path: string, n: number) => string)[] = [
  (path, n) => `import { a${n} } from '${path}'; a${n}();`,
  (path, n) => `import type { B${n} } from '${path}'; export type C${n} = B${n};`,
  (path, n) => `export { d${n} } from '${path}';`,
];

interface Config {
  readonly overrides: readonly { readonly files: readonly string[]; readonly rules: object }[];
  readonly [key: string]: unknown;
}

interface Found {
  readonly diagnostics: readonly {
    readonly code: string;
    readonly filename: string;
    readonly labels: readonly { readonly span: { readonly line: number } }[];
  }[];
}

/** The plan of the house in a copy, in which every wall is tried in every way: those that the linter saw. */
async function seenWith(rules: Config): Promise<ReadonlySet<string>> {
  const folder = await copyWith(rules);
  for (const room of new Set(walls.map(({ from }) => from))) {
    const file = join(folder, fileOf(room, 'deep/wall.ts'));
    const lines = linesOf(room).map(({ to, way }, n) => {
      const path = relative(dirname(file), join(folder, fileOf(to, 'thing.ts')));
      return way(path.startsWith('.') ? path : `./${path}`, n);
    });
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, `${lines.join('\n')}\n`);
  }
  const { diagnostics } = JSON.parse(await lint(folder, '--format=json')) as Found;
  const seen = diagnostics.filter(({ code }) => code.includes('no-restricted-imports'));
  return new Set(
    seen.map(({ filename, labels }) => {
      const room = roomOf(filename);
      const { to, at } = linesOf(room)[(labels[0]?.span.line ?? 0) - 1]!;
      return nameOf({ from: room, to }, at);
    }),
  );
}

function linesOf(room: string) {
  const own = walls.filter(({ from }) => from === room);
  return own.flatMap(({ to }) => ways.map((way, at) => ({ to, way, at })));
}

function roomOf(file: string): string {
  const [first = '', second = ''] = file.split('/');
  return first === 'src' ? second : first;
}

function nameOf({ from, to }: Pick<Wall, 'from' | 'to'>, way: number): string {
  return `${from} → ${to}, ${way}`;
}

/** An empty folder with these rules. Types are not needed for a wall, and take their time. */
async function copyWith(rules: Config): Promise<string> {
  const folder = await mkdtemp(join(copies, 'copy-'));
  const here = { ...rules, $schema: undefined, options: {} };
  await writeFile(join(folder, '.oxlintrc.json'), JSON.stringify(here));
  return folder;
}

async function lint(folder: string, ...args: readonly string[]): Promise<string> {
  const program = resolve('node_modules/.bin/oxlint');
  const { stdout } = await execa(program, [...args, '.'], { cwd: folder, reject: false });
  return stdout;
}

let copies: string;
let config: Config;
let seen: ReadonlySet<string>;
beforeAll(async () => {
  copies = await mkdtemp(join(tmpdir(), 'promote-image-walls-'));
  config = JSON.parse(await readFile('.oxlintrc.json', 'utf8')) as Config;
  seen = await seenWith(config);
});
afterAll(() => rm(copies, { recursive: true }));

it.each(walls.filter(({ stands }) => stands))('$from knows nothing of $to', (wall) => {
  for (const way of ways.keys()) expect(seen).toContain(nameOf(wall, way));
});

it.each(walls.filter(({ stands }) => !stands))('$from may know $to', (wall) => {
  for (const way of ways.keys()) expect(seen).not.toContain(nameOf(wall, way));
});

it('a wall that is taken out is missed, whichever it is', async () => {
  const isWall = ({ rules }: Config['overrides'][number]) => 'no-restricted-imports' in rules;
  const missed = await Promise.all(
    config.overrides.filter(isWall).map(async (wall) => {
      const overrides = config.overrides.filter((one) => one !== wall);
      const left = await seenWith({ ...config, overrides });
      return { wall: wall.files.join(), missed: [...seen].some((one) => !left.has(one)) };
    }),
  );
  expect(missed.length).toBeGreaterThan(20);
  expect(missed.filter((one) => !one.missed)).toEqual([]);
});

it('every room has its walls', async () => {
  const found = await readdir('src');
  expect(found.toSorted()).toEqual(rooms.toSorted());
});

it('at the top there is nothing but the roots, the configuration and the two ports', async () => {
  const found = await readdir('src', { withFileTypes: true });
  expect(found.filter((one) => one.isFile()).length).toBeLessThanOrEqual(10);
});

/** What the linter says of a file of this room that imports this. */
async function saysOf(room: string, modules: readonly string[]): Promise<string> {
  const folder = await copyWith(config);
  await mkdir(join(folder, 'src', room), { recursive: true });
  const lines = modules.map(
    (one, n) => `import type { A${n} } from '${one}'; export type B${n} = A${n};`,
  );
  await writeFile(join(folder, 'src', room, 'one.ts'), `${lines.join('\n')}\n`);
  return lint(folder, '--format=unix');
}

const effects = ['node:fs/promises', 'node:child_process', 'node:http', '@slack/bolt', 'execa'];
const clients = ['pg', 'kysely', 'undici', 'dockerode', 'pino', 'prom-client'];

it.each(['domain', 'words', 'pins', 'flow'])(
  '%s imports nothing that has an effect',
  async (room) => {
    const says = await saysOf(room, [...effects, ...clients]);
    const refused = says.split('\n').filter((line) => line.includes('no-restricted-imports'));
    expect(refused.length).toBe(effects.length + clients.length);
    const harmless = await saysOf(room, ['node:crypto', 'zod', 'node:timers/promises']);
    expect(harmless).not.toContain('no-restricted-imports');
  },
);

const value = (own: string, other: string) =>
  `import { ${other} } from './${other}.ts';\nexport const ${own} = () => ${other};\n`;
const type = (own: string, other: string) =>
  `import type { ${other} } from './${other}.ts';\nexport interface ${own} { it: ${other} }\n`;

it.each([
  ['a value', value],
  ['a type', type],
])('no two files know each other, be it by %s', async (...given) => {
  const [, text] = given;
  const folder = await copyWith(config);
  await mkdir(join(folder, 'src', 'flow'), { recursive: true });
  await writeFile(join(folder, 'src', 'flow', 'one.ts'), text('one', 'two'));
  await writeFile(join(folder, 'src', 'flow', 'two.ts'), text('two', 'one'));
  expect(await lint(folder)).toContain('no-cycle');
});

it('nothing is loaded later, where no wall sees it, but by the command line', async () => {
  const files = await readdir('src', { recursive: true });
  const later: string[] = [];
  for (const file of files.filter((one) => one.endsWith('.ts'))) {
    if (/\bimport\(/.test(await readFile(join('src', file), 'utf8'))) later.push(file);
  }
  expect(later).toEqual(['cli.ts']);
});
