import { execa } from 'execa';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { childEnvironment } from '../../local/rig/child.ts';
import { people } from '../../local/rig/people.ts';
import { scenarios } from '../helpers/scenarios/world.ts';
import {
  eventsOf,
  tamperings,
  write,
  type Sql,
  type Tampering,
} from '../helpers/verbs/tampering.ts';
import { startPostgres, type Postgres } from '../../local/rig/postgres.ts';

const on = scenarios({ steadyTrees: true });
const cli = join(import.meta.dirname, '../../src/cli.ts');
let postgres: Postgres;
let folder: string;

beforeAll(async () => {
  postgres = await startPostgres();
  folder = await mkdtemp(join(tmpdir(), 'promote-image-audit-'));
});
afterAll(async () => {
  await postgres.close();
  await rm(folder, { recursive: true, force: true });
});

/** SQL with the numbered values of PostgreSQL. */
function sqlOn(client: Client): Sql {
  return async (text, ...values) => {
    let at = 0;
    const { rows } = await client.query(
      text.replaceAll('?', () => `$${(at += 1)}`),
      [...values],
    );
    return rows as Awaited<ReturnType<Sql>>;
  };
}

it('audit verify detects seven of seven on PostgreSQL, with the channel’s anchors', async () => {
  const database = await postgres.database();
  const world = await on.start({ database: database.url });
  const { revision } = await on.outside.build('build-decision');
  await world.propose(people.alice, `build-decision ${revision}`);
  const client = new Client({ connectionString: database.url });
  await client.connect();
  const sql = sqlOn(client);
  const backup = await eventsOf(sql);
  await world.click(people.bob, 'approve');
  await world.until('reported');

  const channel = join(folder, 'channel.json');
  await writeFile(channel, JSON.stringify(world.slack.exportChannel().map((day) => day.messages)));
  const environment = await childEnvironment(world.setup(), { DATABASE_URL: database.url });
  const { SLACK_BOT_TOKEN: _, SLACK_APP_TOKEN: __, ...env } = environment;
  const verify = async () => {
    const options = { env, extendEnv: false, reject: false, cwd: folder } as const;
    const args = [cli, 'audit', 'verify', '--channel', channel];
    const { exitCode, stdout, stderr } = await execa(process.execPath, args, options);
    return { exitCode, says: stdout + stderr };
  };
  expect(await verify()).toEqual({ exitCode: 0, says: expect.stringContaining('is sound') });

  const sound = await eventsOf(sql);
  const replace = async (log: typeof sound) => {
    await sql('delete from event');
    for (const event of log) await write(sql, event);
  };
  const ends = new RegExp(`but the log ends with ${backup.length}:`);
  const rollBack: Tampering = { work: () => replace(backup), says: ends };
  const all = Object.entries({ ...tamperings, 'roll back': rollBack });
  // It guards against mistakes; who owns the database can take it away.
  await expect(sql('delete from event')).rejects.toThrow('the audit log is only added to');
  await sql('alter table event disable trigger user');
  const detected: string[] = [];
  for (const [name, { work, says }] of all) {
    await work(sql);
    const { exitCode, says: said } = await verify();
    expect([name, exitCode, said]).toEqual([name, 1, expect.stringMatching(says)]);
    detected.push(name);
    await replace(sound);
  }
  console.log(`audit verify on PostgreSQL: ${detected.length} of ${all.length} detected`);
  expect(detected).toHaveLength(7);
  await client.end();
  expect(await verify()).toMatchObject({ exitCode: 0 });
});
