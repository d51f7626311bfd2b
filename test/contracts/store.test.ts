import { freshSqlite } from '../store/fresh.ts';
import { storeContract } from './store.ts';

storeContract('SQLite', freshSqlite);
