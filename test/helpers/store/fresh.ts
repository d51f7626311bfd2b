import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Store } from '../../../src/store-port.ts';
import { openStore, type StoreOptions } from '../../../src/store/store.ts';

/** A database with nothing in it, for one test. */
export interface FreshDatabase {
  readonly url: string;
  readonly open: (options: StoreOptions) => Promise<Store>;
  /** Runs SQL behind the store's back, as somebody with access could; the first value of each row as text. */
  readonly sql: (text: string) => Promise<readonly string[]>;
  readonly remove: () => Promise<void>;
}

/** A file in a temporary folder. */
export async function freshSqlite(): Promise<FreshDatabase & { readonly file: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'promote-image-store-'));
  const file = join(folder, 'store.sqlite');
  const url = `sqlite:${file}`;
  return {
    url,
    file,
    open: (options) => openStore(url, options),
    sql: async (text) => {
      const connection = new DatabaseSync(file);
      try {
        const rows = connection.prepare(text).all();
        return rows.map((row) => String(Object.values(row)[0]));
      } finally {
        connection.close();
      }
    },
    remove: () => rm(folder, { recursive: true }),
  };
}
