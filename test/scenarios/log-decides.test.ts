import { cp, rm } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { logDecidesContract } from '../contracts/log-decides.ts';
import { freshSqlite } from '../store/fresh.ts';
import { scenarios } from './world.ts';

const on = scenarios({ steadyTrees: true });

logDecidesContract('SQLite', {
  on,
  fresh: async () => {
    const { url, file, remove } = await freshSqlite();
    return {
      url,
      remove,
      reach: async (work) => {
        using connection = new DatabaseSync(file);
        for (const change of ['update', 'delete'])
          connection.exec(`drop trigger event_no_${change}`);
        await work(async (text, ...values) => connection.prepare(text).all(...values) as never);
      },
      backUp: () => cp(file, `${file}.backup`),
      restore: async () => {
        for (const end of ['-wal', '-shm']) await rm(`${file}${end}`, { force: true });
        await cp(`${file}.backup`, file);
      },
    };
  },
});
