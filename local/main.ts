import { parseArgs } from 'node:util';
import { playDemo } from './demo.ts';
import { refuseBesideRealTokens } from './slack/real-tokens.ts';
import { startWorkspace } from './workspace.ts';

/** `npm run local`: the whole thing on this machine. `-- --demo` plays one promotion, prints it and ends. */
const { values } = parseArgs({ options: { demo: { type: 'boolean' }, port: { type: 'string' } } });
const print = (line: string): void => void process.stdout.write(`${line}\n`);

refuseBesideRealTokens(process.env);
const workspace = await startWorkspace({ port: Number(values.port ?? 0) });
try {
  const bot = await workspace.startBot();
  if (values.demo) {
    await playDemo(workspace, print);
  } else {
    print(`A small Slack with the real bot in it: ${workspace.slack.url}`);
    print(`The bot’s log: ${bot.logFile}`);
    print('Ctrl-C stops everything and removes what was made.');
    await new Promise<void>((resolve) => {
      process.once('SIGINT', () => resolve());
      process.once('SIGTERM', () => resolve());
      bot.child.once('exit', () => resolve());
    });
  }
} finally {
  await workspace.close();
}
