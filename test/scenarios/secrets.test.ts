import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { nodeOptions, startBot } from '../../local/bot.ts';
import { found } from '../helpers/faults/canary-watch.ts';
import { childEnvironment } from '../../local/rig/child.ts';
import { people } from '../../local/rig/people.ts';
import { scenarios } from '../helpers/scenarios/world.ts';

const on = scenarios();
const root = join(import.meta.dirname, '../..');

it('every secret may come from a file, and then no process’s environment holds one', async () => {
  const world = await on.start();
  const env: Record<string, string> = { ...(await childEnvironment(world.setup())) };
  env['DATABASE_URL'] = `sqlite:${join(world.folder, 'own.sqlite')}`;
  const secrets = ['SLACK_BOT_TOKEN', 'SLACK_APP_TOKEN', 'DATABASE_URL'];
  const texts = secrets.map((name) => env[name] ?? '');
  for (const name of secrets) {
    env[`${name}_FILE`] = join(world.folder, name);
    await writeFile(join(world.folder, name), `${env[name]}\n`);
    delete env[name];
  }
  const bot = await startBot(env, join(world.folder, 'own.log'));
  const environ = await readFile(`/proc/${bot.child.pid}/environ`, 'utf8');
  await bot.stop();
  expect(environ).toContain('SLACK_BOT_TOKEN_FILE=');
  for (const text of texts) expect(environ).not.toContain(text);
});

it('nothing of the registry’s password is left in the bot’s memory after the push', async () => {
  const folder = on.outside.folder;
  const child = { NODE_OPTIONS: `--heapsnapshot-signal=SIGUSR2 --diagnostic-dir=${folder}` };
  const world = await on.start({ child, sops: true });
  await on.outside.build('build-decision');
  await world.propose(people.alice, 'build-decision latest');
  await world.click(people.bob, 'approve');
  await world.until('reported');
  const heap = await heapOf(world.pid, folder);
  const { username, password } = on.outside.credentials;
  const both = `${username}:${password.reveal()}`;
  const canaries = { token: world.slack.botToken, password: password.reveal(), both };
  // Who sees nothing would find nothing: the token is there to stay.
  expect(found(heap, canaries)).toEqual(['token']);
}, 60_000);

it('no signal opens a debugger', async () => {
  const world = await on.start({ child: {} });
  process.kill(world.pid, 'SIGUSR1');
  await sleep(1000);
  const log = await readFile(join(world.folder, 'bot.log'), 'utf8');
  expect(log).not.toContain('Debugger');
  // As everywhere where the bot is started.
  const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  expect(scripts.start).toContain(`node ${nodeOptions.join(' ')} src/main.ts`);
  const docker = await readFile(join(root, 'Dockerfile'), 'utf8');
  expect(docker).toContain(
    `CMD ${JSON.stringify(['node', ...nodeOptions, 'src/main.ts']).replaceAll(',', ', ')}`,
  );
});

/** A snapshot of the process’s heap, as text: garbage is collected before. */
async function heapOf(pid: number, folder: string): Promise<string> {
  process.kill(pid, 'SIGUSR2');
  for (;;) {
    await sleep(200);
    const name = (await readdir(folder)).find((one) => one.endsWith('.heapsnapshot'));
    const text = name ? await readFile(join(folder, name), 'utf8') : '';
    if (text.trimEnd().endsWith('}')) return text;
  }
}
