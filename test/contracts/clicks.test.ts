import { freshSqlite } from '../helpers/store/fresh.ts';
import { clicksContract } from './clicks.ts';

clicksContract('SQLite', { fresh: freshSqlite, processes: 1 });
