import { freshSqlite } from '../helpers/store/fresh.ts';
import { historiesContract } from './histories.ts';

historiesContract('SQLite', { fresh: freshSqlite, hasReplicas: false });
