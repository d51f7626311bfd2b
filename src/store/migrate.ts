import { sql, type Kysely } from 'kysely';
import { fail } from '../domain/errors.ts';
import { write, type Database } from './database.ts';
import { migrations } from './migrations.ts';
import type { Tables } from './schema.ts';

/**
 * Brings the database to this program's schema, in one transaction. Throws `database-newer` where a newer program
 * has been at work: its rows may say things that this one would not understand.
 */
export async function migrate(database: Database): Promise<void> {
  await write(database, async (tx) => {
    await tx.schema
      .createTable('schema_version')
      .ifNotExists()
      .addColumn('version', 'integer', (column) => column.notNull())
      .execute();
    const found = await versionOf(tx);
    refuseNewer(database, found);
    for (const migration of migrations.slice(found)) {
      for (const statement of migration(database.words)) await sql.raw(statement).execute(tx);
    }
    await tx.deleteFrom('schema_version').execute();
    await tx.insertInto('schema_version').values({ version: migrations.length }).execute();
  });
}

/** For who only reads: throws where the schema is not exactly this program's. */
export async function expectSchema(database: Database): Promise<void> {
  const tables = await database.kysely.introspection.getTables();
  if (!tables.some(({ name }) => name === 'schema_version')) {
    fail('database-empty', { database: database.name });
  }
  const found = await versionOf(database.kysely);
  refuseNewer(database, found);
  if (found === migrations.length) return;
  fail('database-older', {
    database: database.name,
    found: String(found),
    known: String(migrations.length),
  });
}

function refuseNewer(database: Database, found: number): void {
  if (found <= migrations.length) return;
  fail('database-newer', {
    database: database.name,
    found: String(found),
    known: String(migrations.length),
  });
}

async function versionOf(tables: Kysely<Tables>): Promise<number> {
  const row = await tables.selectFrom('schema_version').select('version').executeTakeFirst();
  return row?.version ?? 0;
}
