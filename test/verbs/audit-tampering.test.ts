import { execa } from 'execa';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importLine, verifyLog } from '../../src/domain/audit.ts';
import { Secret } from '../../src/domain/secret.ts';
import { openStore } from '../../src/store/store.ts';
import { eventOf } from '../../local/rig/promotions.ts';
import { childEnvironment } from '../../local/rig/child.ts';
import { people } from '../../local/rig/people.ts';
import { scenarios } from '../helpers/scenarios/world.ts';
import { tamperings, rewritten, type Sql } from '../helpers/verbs/tampering.ts';

const on = scenarios({ steadyTrees: true });
const cli = join(import.meta.dirname, '../../src/cli.ts');
const now = () => new Date();
let folder: string;
/** The database as it is, as it was before the last events, and what the channel has seen of it. */
let database: string;
let backup: string;
let channel: string;
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'promote-image-audit-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A promotion’s whole log, written by the bot, and a backup of its middle. */
async function promoted(): Promise<void> {
  const world = await on.start();
  const { revision } = await on.outside.build('build-decision');
  await world.propose(people.alice, `build-decision ${revision}`);
  backup = join(folder, 'backup.sqlite');
  snapshot(join(world.folder, 'promote-image.sqlite'), backup);
  await world.click(people.bob, 'approve');
  await world.until('reported');
  database = join(folder, 'sound.sqlite');
  snapshot(join(world.folder, 'promote-image.sqlite'), database);
  channel = join(folder, 'export');
  await mkdir(channel);
  for (const { path, messages } of world.slack.exportChannel()) {
    await mkdir(dirname(join(channel, path)), { recursive: true });
    await writeFile(join(channel, path), JSON.stringify(messages));
  }
  const {
    SLACK_BOT_TOKEN: _,
    SLACK_APP_TOKEN: __,
    ...rest
  } = await childEnvironment(world.setup());
  await cp(rest['PROMOTE_IMAGE_CONFIG'] ?? '', join(folder, 'promote-image.yml'));
  // The copies have no key beside them: theirs is the original’s.
  const AUDIT_KEY = await readFile(join(world.folder, 'promote-image.sqlite.audit-key'), 'utf8');
  env = { ...rest, AUDIT_KEY, PROMOTE_IMAGE_CONFIG: join(folder, 'promote-image.yml') };
}

/** As operators back up: never a copy of the files of a running bot. */
function snapshot(from: string, to: string): void {
  using reader = new DatabaseSync(from, { readOnly: true });
  reader.exec(`vacuum into '${to}'`);
}

/** The verb as an operator runs it. */
async function audit(file: string, ...args: readonly string[]) {
  const options = { extendEnv: false, reject: false, cwd: folder } as const;
  const { exitCode, stdout, stderr } = await execa(process.execPath, [cli, 'audit', ...args], {
    ...options,
    env: { ...env, DATABASE_URL: `sqlite:${file}` },
  });
  return { exitCode, stdout, stderr };
}

/** A copy of the sound database after somebody was at it. */
async function tampered(name: string, work: (sql: Sql) => Promise<unknown>): Promise<string> {
  const file = join(folder, `${name.replaceAll(/\W/g, '-')}.sqlite`);
  await cp(database, file);
  using connection = new DatabaseSync(file);
  for (const change of ['update', 'delete']) connection.exec(`drop trigger event_no_${change}`);
  await work(async (text, ...values) => connection.prepare(text).all(...values) as never);
  return file;
}

/** Whether the log fits together by itself. */
async function isSound(file: string): Promise<boolean> {
  const store = await openStore(`sqlite:${file}`, { now, access: 'read' });
  const { ok } = await verifyLog(store.events());
  await store.close();
  return ok;
}

describe('audit verify, run by an operator on a real promotion’s database', () => {
  it('detects seven of seven: edit, delete, insert, swap, cut tail, rewrite, roll back', async () => {
    await promoted();
    const sound = await audit(database, 'verify', '--channel', channel);
    expect(sound).toMatchObject({
      exitCode: 0,
      stderr: '',
      stdout: expect.stringMatching(/sound: \d+ events, \d+ anchors of the channel agree; head/),
    });

    const files = Object.entries(tamperings).map(async ([name, { work }]) => [
      name,
      await tampered(name, work),
    ]);
    const all = [...(await Promise.all(files)), ['roll back', backup]] as [string, string][];
    const found = await Promise.all(
      all.map(async ([name, file]) => {
        const { exitCode, stderr } = await audit(file, 'verify', '--channel', channel);
        return { name, exitCode, stderr };
      }),
    );
    console.log(
      `audit verify: ${found.filter(({ exitCode }) => exitCode === 1).length} of ${found.length} detected`,
    );
    for (const { name, exitCode, stderr } of found) {
      expect([name, exitCode]).toEqual([name, 1]);
      expect(stderr).toMatch(/^The audit log is not the one that was written: .+\.\n?$/);
      expect(stderr).toMatch(tamperings[name]?.says ?? /event \d+, but the log ends with \d+/);
    }
    expect(found).toHaveLength(7);

    // Who verifies without the channel sees four; the docs say which three the channel is for.
    const alone = await Promise.all(all.map(async ([name, file]) => [name, await isSound(file)]));
    const unseen = alone.filter(([, sound_]) => sound_).map(([name]) => name);
    expect(unseen).toEqual(['cut tail', 'rewrite', 'roll back']);
  }, 120_000);

  it('sees that the bot went on with an old backup', async () => {
    const file = join(folder, 'went-on.sqlite');
    await cp(backup, file);
    const key = new Secret(env['AUDIT_KEY'] ?? '');
    const store = await openStore(`sqlite:${file}`, { now, key });
    for (let n = 0; n < 20; n += 1) await store.note({ event: eventOf(`after ${n}`) });
    await store.close();
    const told = await audit(file, 'verify', '--channel', channel);
    expect(told.exitCode).toBe(1);
    expect(told.stderr).toMatch(/is not the one that the channel has seen/);
  }, 60_000);

  it('exports lines that another process verifies, and whose changes it sees', async () => {
    const { stdout, exitCode } = await audit(database, 'export');
    expect(exitCode).toBe(0);
    const verifying = `
      import { importLine, verifyLog } from ${JSON.stringify(join(import.meta.dirname, '../../src/domain/audit.ts'))};
      const lines = (await Array.fromAsync(process.stdin)).join('').trim().split('\\n');
      const verdict = await verifyLog(lines.map(importLine));
      console.log(JSON.stringify(verdict));`;
    const run = async (input: string) =>
      execa(process.execPath, ['--input-type=module', '--eval', verifying], {
        input,
        reject: false,
      });
    const events = stdout.split('\n').length;
    expect(JSON.parse((await run(stdout)).stdout)).toMatchObject({ ok: true, events });
    const verdict = await verifyLog(stdout.split('\n').map(importLine));
    expect(verdict).toMatchObject({ ok: true, events });
    const changed = stdout.replace('"kind":"approved"', '"kind":"retried"');
    expect(JSON.parse((await run(changed)).stdout)).toMatchObject({ ok: false });
  }, 60_000);

  it('says what is wrong with its words, an export that is none, and a database that is not there', async () => {
    const none = join(folder, 'none.json');
    await writeFile(none, '[]');
    const cases = await Promise.all([
      audit(database, 'verify', '--channel'),
      audit(database, 'verify', '--channel', none),
      audit(join(folder, 'nothing.sqlite'), 'verify'),
    ]);
    expect(cases.map(({ exitCode }) => exitCode)).toEqual([2, 1, 1]);
    expect(cases.map(({ stdout }) => stdout).join('')).toBe('');
    expect(cases[1]?.stderr).toMatch(/holds no message of B0PROMOTE: nothing there witnesses/);
    expect(cases[2]?.stderr).toMatch(/There is no database of the bot at/);
  }, 60_000);
});

it('a rewrite that keeps every word but one fits together by itself', async () => {
  const store = await openStore(`sqlite:${database}`, { now, access: 'read' });
  const log = await Array.fromAsync(store.events());
  await store.close();
  expect(await verifyLog(rewritten(log))).toMatchObject({ ok: true, events: log.length });
});
