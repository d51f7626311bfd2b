import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startSlack } from '../../local/slack/server.ts';
import type { Slack } from '../../local/slack/slack.ts';
import { seed } from '../helpers/local/slack-seed.ts';

const alice = 'U0ALICE01';
const bob = 'U0BOB0001';

let now: number;
let slack: Slack;

beforeEach(async () => {
  now = Date.UTC(2026, 10, 23, 9);
  slack = await startSlack(seed, { now: () => now });
});
afterEach(() => slack.stop());

interface Answer {
  readonly ok: boolean;
  readonly error?: string;
  readonly [field: string]: unknown;
}

async function call(method: string, args: object = {}, token = slack.botToken): Promise<Answer> {
  const response = await fetch(slack.apiUrl + method, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(args),
  });
  return (await response.json()) as Answer;
}

const post = async (text: string, more: object = {}) =>
  String((await call('chat.postMessage', { channel: slack.channel, text, ...more }))['ts']);

describe('tokens and arguments', () => {
  it('refuses a token that it did not give out', async () => {
    expect(await call('auth.test', {}, 'xoxb-of-another')).toMatchObject({ error: 'invalid_auth' });
    expect(await call('auth.test')).toMatchObject({ ok: true, user_id: 'U0PROMOTE' });
  });

  it('opens a connection for the app token only, and takes that token for nothing else', async () => {
    const opened = await call('apps.connections.open', {}, slack.appToken);
    expect(opened['url']).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\/link\//);
    const wrong = { error: 'not_allowed_token_type' };
    expect(await call('apps.connections.open')).toMatchObject(wrong);
    expect(await call('auth.test', {}, slack.appToken)).toMatchObject(wrong);
  });

  it('gives each running Slack tokens of its own', async () => {
    const other = await startSlack(seed);
    expect(other.botToken).not.toBe(slack.botToken);
    await other.stop();
  });

  it.each([
    ['application/x-www-form-urlencoded', 'channel=C0RELEASE&text=a%26b', undefined],
    ['application/json', '{"channel":"C0RELEASE","text":"a&b"}', undefined],
    ['application/json', '{', 'invalid_json'],
    ['application/json', '[1]', 'json_not_object'],
    ['text/plain', 'channel=C0RELEASE', 'invalid_post_type'],
  ])('reads arguments sent as %s: %s', async (type, body, error) => {
    const response = await fetch(`${slack.apiUrl}chat.postMessage`, {
      method: 'POST',
      headers: { authorization: `Bearer ${slack.botToken}`, 'content-type': type },
      body,
    });
    const answer = (await response.json()) as Answer;
    expect(answer.error).toBe(error);
    if (!error) expect(slack.messages().at(-1)?.text).toBe('a&b');
  });

  it('reads structures that come as JSON inside of a form, and says when they are none', async () => {
    const send = async (blocks: string) => {
      const body = new URLSearchParams({ token: slack.botToken, channel: slack.channel, blocks });
      const response = await fetch(`${slack.apiUrl}chat.postMessage`, { method: 'POST', body });
      return (await response.json()) as Answer;
    };
    expect(await send('[{"type":"divider"}]')).toMatchObject({ ok: true });
    expect(await send('[{')).toMatchObject({ error: 'invalid_blocks_format' });
    expect(JSON.stringify(slack.transcript())).not.toContain(slack.botToken);
  });

  it('has no method that Slack does not have', async () => {
    expect(await call('chat.shout')).toMatchObject({ error: 'unknown_method' });
  });

  it('wants the scopes of the manifest where the seed names some', async () => {
    const bot = { ...seed.bot, scopes: ['chat:write'] };
    const strict = await startSlack({ ...seed, bot });
    const url = `${strict.apiUrl}users.info?user=${alice}`;
    const headers = { authorization: `Bearer ${strict.botToken}` };
    expect(await (await fetch(url, { headers })).json()).toMatchObject({
      error: 'missing_scope',
      needed: 'users:read',
      provided: 'chat:write',
    });
    await strict.stop();
  });

  it('answers to names of this machine only', async () => {
    const { hostname, port } = new URL(slack.url);
    const { request } = await import('node:http');
    const status = await new Promise((resolve, reject) => {
      request(
        { host: hostname, port, path: '/', headers: { host: 'evil.example' } },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      )
        .on('error', reject)
        .end();
    });
    expect(status).toBe(421);
  });
});

describe('messages', () => {
  it('lets the bot change and remove its own messages, and nobody else’s', async () => {
    const { ts, channel } = slack.as(alice).say('Mine');
    expect(await call('chat.update', { channel, ts, text: 'x' })).toMatchObject({
      error: 'cant_update_message',
    });
    expect(await call('chat.delete', { channel, ts })).toMatchObject({
      error: 'cant_delete_message',
    });
  });

  it('shows an ephemeral message to one person only, who alone can click on it', async () => {
    const blocks = [actions({ action_id: 'go', text: plain('Go') })];
    const { message_ts: ts } = await call('chat.postEphemeral', {
      channel: slack.channel,
      user: alice,
      text: 'psst',
      blocks,
    });
    expect(slack.ephemerals(alice)).toHaveLength(1);
    expect(slack.ephemerals(bob)).toHaveLength(0);
    await expect(slack.as(bob).click(String(ts), 'go')).rejects.toThrow(/sees no message/);
    expect(await call('chat.update', { channel: slack.channel, ts, text: 'x' })).toMatchObject({
      error: 'message_not_found',
    });
  });

  it.each([
    [{ channel: 'C0ARCHIVE1' }, 'is_archived'],
    [{ channel: 'C0ELSE0001' }, 'not_in_channel'],
    [{ channel: 'C0NOWHERE' }, 'channel_not_found'],
    [{ channel: 'C0RELEASE', thread_ts: '1.000001' }, 'thread_not_found'],
    [{ channel: 'C0RELEASE', metadata: { event_type: 1 } }, 'invalid_metadata_format'],
    [{}, 'invalid_arguments'],
  ])('does not post with %j: %s', async (args, error) => {
    expect(await call('chat.postMessage', { text: 'x', ...args })).toMatchObject({ error });
  });

  it('puts an answer to an answer into the thread of the first message', async () => {
    const parent = await post('parent');
    const answer = await post('answer', { thread_ts: parent });
    await post('answer to the answer', { thread_ts: answer });
    expect(slack.thread(parent)).toHaveLength(3);
  });

  it('counts answers anew when one is removed, and keeps a removed parent as a tombstone', async () => {
    const parent = await post('parent');
    const answer = await post('answer', { thread_ts: parent });
    await post('another', { thread_ts: parent });
    await call('chat.delete', { channel: slack.channel, ts: answer });
    expect(slack.thread(parent)[0]).toMatchObject({ reply_count: 1 });
    await call('chat.delete', { channel: slack.channel, ts: parent });
    expect(slack.thread(parent)[0]).toMatchObject({ subtype: 'tombstone' });
  });

  it('gives metadata back only where it was asked for', async () => {
    const metadata = { event_type: 'e', event_payload: { key: 'k' } };
    await post('x', { metadata });
    const query = { channel: slack.channel };
    const without = await call('conversations.history', query);
    expect(JSON.stringify(without)).not.toContain('"k"');
    const all = await call('conversations.history', { ...query, include_all_metadata: true });
    expect(all['messages']).toMatchObject([{ metadata }]);
  });

  it('keeps what was read before as it was read', async () => {
    const ts = await post('before');
    const [read] = slack.messages();
    await call('chat.update', { channel: slack.channel, ts, text: 'after' });
    expect(read?.text).toBe('before');
  });

  it('does not take more than 4,000 characters as the new text of a message', async () => {
    const ts = await post('x');
    const text = 'y'.repeat(4_001);
    expect(await call('chat.update', { channel: slack.channel, ts, text })).toMatchObject({
      error: 'msg_too_long',
    });
  });

  it('exports a channel as Slack does: a file a day, answers in their own time', async () => {
    const parent = await post('parent', { metadata: { event_type: 'e', event_payload: {} } });
    now += 24 * 60 * 60 * 1000;
    const answer = await post('answer', { thread_ts: parent });
    expect(slack.exportChannel()).toMatchObject([
      {
        path: 'release/2026-11-23.json',
        messages: [{ text: 'parent', replies: [{ user: 'U0PROMOTE', ts: answer }] }],
      },
      { path: 'release/2026-11-24.json', messages: [{ text: 'answer', thread_ts: parent }] },
    ]);
    expect(JSON.stringify(slack.exportChannel())).not.toContain('metadata');
  });
});

describe('people', () => {
  it.each([
    ['U0GUEST01', { is_restricted: true, is_ultra_restricted: false }],
    ['U0ULTRA01', { is_restricted: true, is_ultra_restricted: true }],
    ['U0GONE001', { deleted: true }],
    ['U0STRANG1', { is_stranger: true, team_id: 'T0OTHER01' }],
    ['U0INVITE1', { is_invited_user: true }],
    ['U0OTHERB1', { is_bot: true }],
    [alice, { deleted: false, is_bot: false, is_restricted: false, team_id: 'T0LOCAL01' }],
  ])('shows what kind of account %s is', async (user, flags) => {
    expect(await call('users.info', { user })).toMatchObject({ user: flags });
  });

  it('shows a change of an account at once', async () => {
    slack.changeUser(bob, { kind: 'deactivated' });
    expect(await call('users.info', { user: bob })).toMatchObject({ user: { deleted: true } });
    expect(await call('usergroups.users.list', { usergroup: 'S0APPROVE' })).toMatchObject({
      users: [],
    });
  });

  it('lists the users of a group who can still sign in', async () => {
    const asked = { usergroup: 'S0APPROVE' };
    expect((await call('usergroups.users.list', asked))['users']).toEqual([bob]);
    slack.changeGroup('S0APPROVE', { users: [alice] });
    expect((await call('usergroups.users.list', asked))['users']).toEqual([alice]);
    for (const usergroup of ['S0NOTHING', 'S0CLOSED01'])
      expect(await call('usergroups.users.list', { usergroup })).toMatchObject({
        error: 'no_such_subteam',
      });
  });

  it('says of a channel whether other workspaces share it', async () => {
    const { channel } = await call('conversations.info', { channel: 'C0SHARED01' });
    expect(channel).toMatchObject({ is_ext_shared: true });
  });
});

describe('what is good for a short time only', () => {
  const modal = { type: 'modal', title: plain('A'), blocks: [{ type: 'divider' }] };
  const trigger = async () => {
    await slack.as(alice).command('/promote-image');
    return slack.delivered.at(-1)?.payload ?? {};
  };

  it('takes a trigger for three seconds', async () => {
    const { trigger_id } = await trigger();
    now += 3_001;
    expect(await call('views.open', { trigger_id, view: modal })).toMatchObject({
      error: 'expired_trigger_id',
    });
  });

  it('takes five answers at a response_url, within thirty minutes', async () => {
    const send = async (url: unknown) =>
      (await fetch(String(url), { method: 'POST', body: '{"text":"x"}' })).status;
    const { response_url: url } = await trigger();
    for (const _ of [1, 2, 3, 4, 5]) expect(await send(url)).toBe(200);
    expect(await send(url)).toBe(404);
    const { response_url: later } = await trigger();
    now += 30 * 60_000 + 1;
    expect(await send(later)).toBe(404);
    expect(slack.ephemerals(alice).filter(({ text }) => text === 'x')).toHaveLength(5);
  });

  it('wants a submit button on a form and no more than 100 blocks', async () => {
    const input = {
      type: 'input',
      label: plain('A'),
      element: { type: 'plain_text_input', action_id: 'a' },
    };
    const open = async (view: object) => {
      const { trigger_id } = await trigger();
      return await call('views.open', { trigger_id, view });
    };
    expect(await open({ ...modal, blocks: [input] })).toMatchObject({
      error: 'invalid_arguments',
      response_metadata: { messages: [expect.stringContaining('submit')] },
    });
    const many = Array.from({ length: 101 }, () => ({ type: 'divider' }));
    expect(await open({ ...modal, blocks: many })).toMatchObject({ error: 'invalid_arguments' });
    expect(await open({ ...modal, title: plain('x'.repeat(25)) })).toMatchObject({ ok: false });
  });
});

function plain(text: string) {
  return { type: 'plain_text', text };
}

function actions(...elements: object[]) {
  return { type: 'actions', elements: elements.map((given) => ({ type: 'button', ...given })) };
}
