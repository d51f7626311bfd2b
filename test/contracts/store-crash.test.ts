import { freshSqlite } from '../helpers/store/fresh.ts';
import { crashContract } from './store-crash.ts';

crashContract('SQLite', async () => {
  const fresh = await freshSqlite();
  return {
    ...fresh,
    open: async (options) => {
      // The first look after the crash is SQLite's own.
      const said = await fresh.sql('pragma integrity_check');
      if (said.join() !== 'ok') throw new Error(said.join());
      return await fresh.open(options);
    },
  };
});
