import { Client, type ClientConfig } from 'pg';

/** `server_version_num` of PostgreSQL 14: the first that ends sessions which fall silent. */
const oldest = 140_000;

/** Transactions that are open at once while a session is looked at: a pool has that many connections to spare. */
const others = 3;

const pool =
  'a pool that shares sessions stands between (PgBouncer in transaction mode?); give the server’s own address, or one of a pool in session mode';

/**
 * Why a server cannot be worked with, where it cannot: it is too old, or what answers is a pool that hands a session's
 * connection to others between two transactions, so that its settings and locks would be anybody's. A pool in session
 * mode is as good as the server. Throws what pg throws.
 */
export async function unfitness(
  config: ClientConfig,
  setting: Setting,
): Promise<string | undefined> {
  const clients: Client[] = [];
  const connect = async (): Promise<Client> => {
    const client = new Client(config);
    client.on('error', () => {});
    clients.push(client);
    await client.connect();
    return client;
  };
  try {
    const session = await connect();
    const version = Number(await ask(session, 'show server_version_num'));
    if (version < oldest)
      return `it is PostgreSQL ${Math.floor(version / 10_000)}, and 14 is needed`;
    if ((await ask(session, `show ${setting.name}`)) !== setting.value) return pool;
    return (await staysTheSame(session, connect)) ? undefined : pool;
  } finally {
    await Promise.all(clients.map((client) => client.end().catch(() => {})));
  }
}

/** A setting that each connection asks for at its start, as the server shows it. */
export interface Setting {
  readonly name: string;
  readonly value: string;
}

/** A session keeps its process on the server, whatever transactions are open beside it. */
async function staysTheSame(session: Client, connect: () => Promise<Client>): Promise<boolean> {
  const pid = (): Promise<string> => ask(session, 'select pg_backend_pid()::text');
  const first = await pid();
  for (let opened = 0; opened < others; opened += 1) {
    const other = await connect();
    await other.query('begin');
    await other.query('select 1');
    if ((await pid()) !== first) return false;
  }
  return true;
}

async function ask(client: Client, text: string): Promise<string> {
  const { rows } = await client.query<string[]>({ text, rowMode: 'array' });
  return String(rows[0]?.[0] ?? '');
}
