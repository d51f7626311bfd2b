import { Client } from 'pg';
import type { Life } from './lives.ts';
import type { World } from './world.ts';

/** For whoever has to find out why a bot does nothing: what it waits for, and what its database does. */
export async function whyStuck(world: World, life: Life): Promise<readonly string[]> {
  const looks = [life.waitsFor(), activity(world.env['DATABASE_URL'] ?? '')];
  const told = await Promise.allSettled(looks);
  return told.map((look) => (look.status === 'fulfilled' ? look.value : String(look.reason)));
}

async function activity(url: string): Promise<string> {
  if (!url.startsWith('postgres')) return 'SQLite';
  const client = new Client(url);
  await client.connect();
  try {
    const { rows } = await client.query(`
      select a.pid, a.state, a.wait_event_type, a.wait_event, (now() - a.query_start)::text as since, a.query,
        (select string_agg(concat_ws(' ', l.locktype, l.classid, l.objid, l.mode, l.granted), ', ')
           from pg_locks l where l.pid = a.pid and l.locktype = 'advisory') as locks
      from pg_stat_activity a where a.datname = current_database()`);
    return rows.map((row) => JSON.stringify(row)).join('\n');
  } finally {
    await client.end();
  }
}
