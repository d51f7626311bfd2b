import { logDecidesContract } from '../contracts/log-decides.ts';
import { reachableSqlite } from '../contracts/reachable.ts';
import { scenarios } from '../helpers/scenarios/world.ts';

logDecidesContract('SQLite', { on: scenarios({ steadyTrees: true }), fresh: reachableSqlite });
