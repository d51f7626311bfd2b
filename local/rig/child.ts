import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { startBot } from '../bot.ts';
import type { Slack } from '../slack/slack.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { openStore } from '../../src/store/store.ts';
import { keyFor, keyVariable } from './key.ts';
import type { RunningBot } from './bot.ts';

export interface ChildSetup {
  readonly folder: string;
  readonly slack: Slack;
  readonly policy: Policy;
  readonly log: string[];
  readonly transport: 'socket' | 'http' | undefined;
  /** What sops and git get. */
  readonly env: Readonly<Record<string, string>>;
}

/** Starts `src/main.ts` on this policy and waits until it is ready; the database is looked at beside it. */
export async function runChild(
  setup: ChildSetup,
  more: Readonly<Record<string, string>>,
): Promise<RunningBot> {
  const { folder, slack, log } = setup;
  const env = await childEnvironment(setup, more);
  const logFile = join(folder, 'bot.log');
  const bot = await startBot(env, logFile);
  if (env['SLACK_APP_TOKEN']) await slack.until(() => slack.connections > 0);
  else slack.deliverTo(`http://127.0.0.1:${env['PORT']}/slack/events`);
  const now = () => new Date();
  const store = await openStore(env['DATABASE_URL'] ?? '', {
    now,
    access: 'read',
    ...keyFor(env['DATABASE_URL'] ?? ''),
  });
  return {
    bot: { onTick: async () => undefined },
    store,
    requestUrl: env['PORT'] ? `http://127.0.0.1:${env['PORT']}/slack/events` : '',
    child: bot.child,
    async stop() {
      await store.close();
      await bot.stop();
      log.push(await readFile(logFile, 'utf8'));
    },
  };
}

/** The bot’s whole environment; its policy is on disk. */
export async function childEnvironment(
  { folder, slack, policy, env, transport }: ChildSetup,
  more: Readonly<Record<string, string>> = {},
): Promise<Readonly<Record<string, string>>> {
  const file = join(folder, 'promote-image.yml');
  await writeFile(file, policyYaml(policy));
  const speaks =
    transport === 'http'
      ? { SLACK_SIGNING_SECRET: slack.signingSecret }
      : { SLACK_APP_TOKEN: slack.appToken };
  // Where `npm` has Node keep what it has compiled, no process need compile it again.
  const { NODE_COMPILE_CACHE } = process.env;
  return {
    ...(NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE }),
    ...env,
    ...speaks,
    SLACK_BOT_TOKEN: slack.botToken,
    SLACK_API_URL: slack.apiUrl,
    DATABASE_URL: `sqlite:${join(folder, 'promote-image.sqlite')}`,
    PROMOTE_IMAGE_CONFIG: file,
    LOG_LEVEL: 'debug',
    ...keyVariable(more['DATABASE_URL']),
    ...more,
  };
}

/** A policy as somebody would write it. */
function policyYaml({ approval, taskcluster, limits, images, ...rest }: Policy): string {
  return stringify({
    ...rest,
    approval: {
      ...approval,
      expires: seconds(approval.expires),
      finish: seconds(approval.finish),
    },
    limits: {
      ...limits,
      asksWithin: seconds(limits.asksWithin),
      processor: seconds(limits.processor),
    },
    taskcluster: {
      ...taskcluster,
      chainOfTrustKeys: taskcluster.chainOfTrustKeys.map(({ key }) => key),
    },
    images: Object.fromEntries(
      Object.entries(images).map(([key, { name: _name, ...image }]) => [key, image]),
    ),
  });
}

function seconds(ms: number): string {
  return `${ms / 1000}s`;
}
