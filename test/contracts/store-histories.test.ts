import { freshSqlite } from '../store/fresh.ts';
import { historiesContract } from './store-histories.ts';

historiesContract('SQLite', freshSqlite);
