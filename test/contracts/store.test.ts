import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openStore } from '../../src/store/store.ts';
import { storeContract } from './store.ts';

storeContract('SQLite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'promote-image-store-'));
  const file = join(folder, 'store.sqlite');
  return {
    open: (options) => openStore(`sqlite:${file}`, options),
    sql: async (text) => {
      const connection = new DatabaseSync(file);
      try {
        connection.exec(text);
      } finally {
        connection.close();
      }
    },
    remove: () => rm(folder, { recursive: true }),
  };
});
