import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeAgeKey } from '../../../local/sops.ts';
import type { Step } from '../../../local/registry/faults.ts';
import type { How } from '../../../local/slack/faults.ts';
import type { Effect, Place } from '../../../local/taskcluster/world.ts';
import type { CanaryLane, Moments } from './canary-lane.ts';

/** Something that goes wrong with a promotion, or happens in the middle of it. */
export interface Trouble extends Moments {
  readonly name: string;
}

/** Every kind of failure: those at the registry, at sops, at Slack, at Taskcluster, of the database, of the process. */
export const troubles: readonly Trouble[] = [
  { name: 'nothing goes wrong' },
  ...registryTroubles(),
  ...tokenTroubles(),
  ...sopsTroubles(),
  ...slackTroubles(),
  ...taskclusterTroubles(),
  ...processTroubles(),
];

/** What the registry could send back: everything that it was sent. */
function echo({ canaries }: CanaryLane): string {
  const { password = '' } = canaries;
  const basic = Buffer.from(`mozillareleases:${password}`).toString('base64');
  const message = `denied: ${password} Basic ${basic} Bearer ${canaries['bearer token']}`;
  return JSON.stringify({ errors: [{ code: 'DENIED', message, detail: { password } }] });
}

function registryTroubles(): readonly Trouble[] {
  const steps: readonly Step[] = [
    'head-blob',
    'start',
    'patch',
    'finish',
    'put-manifest',
    'put-tag',
  ];
  const answers = [400, 401, 403, 413].map((status) => ({ status, times: 9 }));
  const passing = [429, 500, 503].map((status) => ({ status, times: 1 }));
  return steps.flatMap((step) => [
    ...[...answers, ...passing].map(({ status, times }): Trouble => ({
      name: `the registry answers ${step} with ${status} and all that it was sent`,
      planned: (lane) => {
        const headers = {
          'retry-after': '0',
          'x-echo': encodeURIComponent(lane.canaries['password'] ?? ''),
        };
        const fault = { fault: 'answer', status, headers, body: echo(lane) } as const;
        lane.outside.registry.faults.add(step, fault, { times });
      },
    })),
    {
      name: `the reply to ${step} is lost`,
      planned: ({ outside }) => outside.registry.faults.add(step, { fault: 'lose-reply' }),
    },
    {
      name: `${step} leads to an address that holds the password`,
      planned: ({ outside, canaries }) => {
        const secret = encodeURIComponent(canaries['password'] ?? '');
        const location = `http://mozillareleases:${secret}@127.0.0.1:9/?token=${secret}`;
        outside.registry.faults.add(
          step,
          { fault: 'headers', headers: { location } },
          { times: 9 },
        );
      },
    },
  ]);
}

function tokenTroubles(): readonly Trouble[] {
  const answers: Readonly<Record<string, { status: number; body?: (lane: CanaryLane) => string }>> =
    {
      'refuses the password': { status: 401 },
      'refuses the password and repeats it': { status: 401, body: echo },
      'fails and repeats the password': { status: 400, body: echo },
      'answers with no JSON': { status: 200, body: ({ canaries }) => `<p>${canaries['password']}` },
      'gives a token that is worth nothing': {
        status: 200,
        body: ({ canaries }) =>
          JSON.stringify({ token: canaries['bearer token'], expires_in: 300 }),
      },
      'gives a token that no header can hold': {
        status: 200,
        body: ({ canaries }) => JSON.stringify({ token: `${canaries['bearer token']}\r\nx: y` }),
      },
    };
  return Object.entries(answers).map(([name, { status, body }]) => ({
    name: `the token service ${name}`,
    planned: (lane) => {
      const fault = { fault: 'answer', status, ...(body ? { body: body(lane) } : {}) } as const;
      lane.outside.tokens.faults.add('token', fault, { skip: 1, times: 9 });
    },
  }));
}

function sopsTroubles(): readonly Trouble[] {
  const leak = `printf '%s' "$CANARY" >&2; printf '%s' "$CANARY"`;
  const codes = [1, 2, 3, 4, 5, 8, 24, 25, 51, 52, 61, 91, 100, 111, 112, 128, 143, 200, 255];
  const json = (token: string) =>
    `printf '{"mozillareleases":{"username":"u","token":%s}}' ${token}`;
  const scripts: Readonly<Record<string, string>> = {
    ...Object.fromEntries(codes.map((code) => [`ends with ${code}`, `${leak}; exit ${code}`])),
    'is killed': `${leak}; kill -9 $$`,
    crashes: `${leak}; kill -SEGV $$`,
    'prints nothing': `printf '%s' "$CANARY" >&2`,
    'prints text': leak,
    'prints half of it': `printf '{"mozillareleases":{"token":"%s' "$CANARY"`,
    'prints a list': `printf '["%s"]' "$CANARY"`,
    'prints too much': `${leak}; head -c 200000 /dev/zero`,
    // The shell's own words: another program would have the secret among its arguments, where it is looked for.
    'floods stderr': `for a in 0 1 2 3 4 5 6 7 8 9; do for b in $(seq 2000); do echo "$CANARY"; done; done >&2; exit 1`,
    'prints another document': `printf '{"mozillareleases":"%s"}' "$CANARY"`,
    'prints a token with a line break': json(`'"'"$CANARY"'\\\\nx"'`),
    'prints a token that is a list': json(`'["'"$CANARY"'"]'`),
    'leaves a child behind': `sleep 5 >/dev/null 2>&1 & exec_real "$@"`,
  };
  return [
    ...Object.entries(scripts).map(([name, script]): Trouble => ({
      name: `sops ${name}`,
      planned: (lane) => lane.sops(script),
    })),
    {
      name: 'sops is gone',
      planned: (lane) => rm(join(lane.bin, 'sops')),
    },
    {
      name: 'sops has no key',
      planned: async ({ world }) => world.encrypt({ recipient: (await makeAgeKey()).recipient }),
    },
    {
      name: 'the credentials are plain text',
      planned: async ({ world }) => {
        const text = 'mozillareleases:\n  username: x\n  token: not the canary\n';
        await writeFile(world.sopsFile, text, { mode: 0o600 });
      },
    },
    { name: 'the credentials are gone', planned: ({ world }) => rm(world.sopsFile) },
  ];
}

function slackTroubles(): readonly Trouble[] {
  const methods = ['chat.postMessage', 'chat.update', 'users.info', 'files.getUploadURLExternal'];
  const ways: readonly How[] = [
    { error: 'internal_error' },
    { error: 'invalid_auth' },
    { status: 500 },
    { status: 429, retryAfter: 1 },
    'drop-reply',
    'drop-request',
    'html',
  ];
  return methods.flatMap((method) =>
    ways.map((how) => ({
      name: `${method} comes to ${JSON.stringify(how)}`,
      planned: ({ world }) => world.slack.fail({ method, how }),
    })),
  );
}

function taskclusterTroubles(): readonly Trouble[] {
  const effects: Readonly<Record<string, Effect>> = {
    'a page': { fault: 'text', text: '<html>maintenance</html>' },
    '403': { fault: 'status', status: 403 },
    '500 once': { fault: 'status', status: 500 },
    'a redirect to elsewhere': { fault: 'redirect', to: 'https://evil.example/' },
    'a cut': { fault: 'cut', after: 10 },
    'a changed byte': { fault: 'flip', byte: 20 },
  };
  const places: readonly Place[] = ['queue', 'storage'];
  return places.flatMap((at) =>
    Object.entries(effects).flatMap(([name, effect]): Trouble[] => [
      {
        name: `${at} answers with ${name} when it is asked for`,
        before: ({ outside }) => outside.taskcluster.faults.push({ at, ...effect }),
      },
      {
        name: `${at} answers with ${name} when it is pushed`,
        planned: ({ outside }) => outside.taskcluster.faults.push({ at, ...effect }),
      },
    ]),
  );
}

function processTroubles(): readonly Trouble[] {
  const inMidPush = (signal: 'SIGKILL' | 'SIGTERM', step: Step): Trouble => ({
    name: `${signal} at ${step}`,
    planned: ({ outside }) => outside.registry.faults.add(step, { fault: 'slow', ms: 4000 }),
    approved: async (lane) => {
      if (!(await lane.arrives(step))) return;
      await lane.world.kill(signal);
      await lane.checkFolders();
      await lane.restart();
    },
  });
  return [
    ...(['start', 'patch', 'finish', 'put-manifest', 'put-tag'] as const).flatMap((step) => [
      inMidPush('SIGKILL', step),
      inMidPush('SIGTERM', step),
    ]),
    {
      name: 'the database is locked',
      approved: (lane) => whileDatabase(lane, 'begin immediate', 'rollback'),
    },
    {
      name: 'the database takes nothing more',
      approved: (lane) => {
        const never = `begin select raise(abort, 'full'); end`;
        const full = `create trigger full before insert on event ${never}`;
        return whileDatabase(lane, full, 'drop trigger full');
      },
    },
  ];
}

/** Something is wrong with the database for a while. */
async function whileDatabase({ world }: CanaryLane, begin: string, end: string): Promise<void> {
  const database = new DatabaseSync(join(world.folder, 'promote-image.sqlite'), { timeout: 5000 });
  database.exec(begin);
  await sleep(1500);
  database.exec(end);
  database.close();
}
