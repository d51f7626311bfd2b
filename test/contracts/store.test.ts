import { freshSqlite } from '../helpers/store/fresh.ts';
import { storeContract } from './store.ts';

storeContract('SQLite', freshSqlite);
