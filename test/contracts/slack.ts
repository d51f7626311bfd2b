import { LogLevel, WebClient } from '@slack/web-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** A Slack that answers the Web API on loopback. */
export interface SlackPeer {
  /** With the bot's token and no retries. */
  readonly client: WebClient;
  readonly channel: string;
  /** A person of the workspace. */
  readonly person: { readonly id: string; readonly name: string; readonly email: string };
  /** The `trigger_id` of something that the person has just done. */
  readonly trigger: () => Promise<string>;
  readonly stop: () => Promise<void>;
}

/** A client as every peer is to be driven. */
export function plainClient(apiUrl: string, token?: string): WebClient {
  return new WebClient(token, {
    slackApiUrl: apiUrl,
    retryConfig: { retries: 0 },
    logLevel: LogLevel.ERROR,
  });
}

/** The code with which a call was refused. */
async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'nothing refused';
  } catch (error) {
    return (error as { data?: { error: string } }).data?.error ?? String(error);
  }
}

const section = { type: 'section', text: { type: 'mrkdwn', text: 'A block' } };
const modal = {
  type: 'modal' as const,
  title: { type: 'plain_text' as const, text: 'A modal' },
  blocks: [section],
};

/** What our stand-in and an emulator by others must both do. */
export function slackContract(name: string, start: () => Promise<SlackPeer>): void {
  describe(name, () => {
    let peer: SlackPeer;
    beforeAll(async () => {
      peer = await start();
    });
    afterAll(() => peer.stop());

    const post = async (text: string, more: object = {}) => {
      const answer = await peer.client.chat.postMessage({ channel: peer.channel, text, ...more });
      return String(answer.ts);
    };
    const history = async (more: object = {}) => {
      const query = { channel: peer.channel, include_all_metadata: true, ...more };
      return (await peer.client.conversations.history(query)).messages ?? [];
    };
    const replies = async (ts: string) =>
      (await peer.client.conversations.replies({ channel: peer.channel, ts })).messages ?? [];

    it('says who the token belongs to', async () => {
      const { user_id, team_id, user } = await peer.client.auth.test();
      expect(user_id).toMatch(/^U/);
      expect(team_id).toMatch(/^T/);
      expect(user).toBeTruthy();
    });

    it('refuses a call without a token', async () => {
      const anonymous = plainClient(String(peer.client.slackApiUrl));
      expect(await refusal(anonymous.auth.test())).toBe('not_authed');
    });

    it('keeps messages in order, newest first, each with a growing ts of its own', async () => {
      const stamps = [await post('one'), await post('two'), await post('three')];
      expect(new Set(stamps).size).toBe(3);
      expect(stamps.toSorted()).toEqual(stamps);
      const texts = (await history({ limit: 3 })).map((message) => message.text);
      expect(texts).toEqual(['three', 'two', 'one']);
    });

    it('gives the history page by page', async () => {
      await post('page one');
      await post('page two');
      const query = { channel: peer.channel, limit: 1 };
      const first = await peer.client.conversations.history(query);
      expect(first).toMatchObject({ has_more: true, messages: [{ text: 'page two' }] });
      const cursor = String(first.response_metadata?.next_cursor);
      const second = await peer.client.conversations.history({ ...query, cursor });
      expect(second.messages?.map(({ text }) => text)).toEqual(['page one']);
    });

    it('keeps blocks and metadata with a message', async () => {
      const metadata = { event_type: 'promotion', event_payload: { key: 'k-1', seq: 7 } };
      const ts = await post('with metadata', { metadata, blocks: [section] });
      const kept = (await history()).find((message) => message.ts === ts);
      expect(kept).toMatchObject({ metadata, blocks: [section] });
    });

    it('puts answers into the thread, counts them and leaves them out of the history', async () => {
      const parent = await post('parent');
      const answer = await post('answer', { thread_ts: parent });
      await post('another', { thread_ts: parent });
      const thread = await replies(parent);
      expect(thread.map(({ text }) => text)).toEqual(['parent', 'answer', 'another']);
      expect(thread[0]).toMatchObject({ reply_count: 2 });
      expect((await history()).map(({ ts }) => ts)).not.toContain(answer);
    });

    it('changes its own message in place', async () => {
      const ts = await post('before', { blocks: [section] });
      const channel = peer.channel;
      const changed = await peer.client.chat.update({ channel, ts, text: 'after' });
      expect(changed).toMatchObject({ ts, text: 'after' });
      const kept = (await history()).find((message) => message.ts === ts);
      expect(kept).toMatchObject({ text: 'after', edited: { ts: expect.any(String) } });
      expect(kept).not.toHaveProperty('blocks');
    });

    it('removes its own message', async () => {
      const ts = await post('short-lived');
      await peer.client.chat.delete({ channel: peer.channel, ts });
      expect((await history()).map((message) => message.ts)).not.toContain(ts);
      expect(await refusal(peer.client.chat.delete({ channel: peer.channel, ts }))).toBe(
        'message_not_found',
      );
    });

    it('cuts a text at 40,000 characters and says so', async () => {
      const answer = await peer.client.chat.postMessage({
        channel: peer.channel,
        text: 'x'.repeat(40_001),
      });
      expect(answer['warning']).toBe('message_truncated');
      expect((await history({ limit: 1 }))[0]?.text).toHaveLength(40_000);
    });

    it('refuses an empty message, an unknown channel and an unknown message', async () => {
      const { client, channel } = peer;
      expect(await refusal(client.chat.postMessage({ channel, text: '' }))).toBe('no_text');
      const nowhere = client.chat.postMessage({ channel: 'C0NOWHERE', text: 'x' });
      expect(await refusal(nowhere)).toBe('channel_not_found');
      const nothing = client.chat.update({ channel, ts: '1.000001', text: 'x' });
      expect(await refusal(nothing)).toBe('message_not_found');
    });

    it('shows an ephemeral message to nobody who reads the channel', async () => {
      const user = peer.person.id;
      const text = 'Only for you';
      const { message_ts } = await peer.client.chat.postEphemeral({
        channel: peer.channel,
        user,
        text,
      });
      expect(message_ts).toMatch(/^\d+\.\d{6}$/);
      expect((await history()).map((message) => message.text)).not.toContain(text);
      const change = { channel: peer.channel, ts: String(message_ts), text: 'x' };
      expect(await refusal(peer.client.chat.update(change))).toBe('message_not_found');
    });

    it('takes a snippet into a thread', async () => {
      const thread_ts = await post('with a file');
      const content = '--- a/x\n+++ b/x\n';
      await peer.client.filesUploadV2({
        channel_id: peer.channel,
        thread_ts,
        filename: 'change.patch',
        snippet_type: 'diff',
        initial_comment: 'Ready to land',
        content,
      });
      const [, shared] = await replies(thread_ts);
      expect(shared).toMatchObject({ text: 'Ready to land' });
      expect(shared?.files?.[0]).toMatchObject({ name: 'change.patch', size: content.length });
      const url = String(shared?.files?.[0]?.url_private);
      const authorization = `Bearer ${peer.client.token}`;
      const download = await fetch(url, { headers: { authorization } });
      expect(await download.text()).toBe(content);
    });

    it('refuses to complete an upload that never came', async () => {
      const files: [{ id: string; title: string }] = [{ id: 'F0NOTHING', title: 'x' }];
      const call = peer.client.files.completeUploadExternal({ files, channel_id: peer.channel });
      expect(await refusal(call)).toBe('file_not_found');
    });

    it('knows people by id and by e-mail', async () => {
      const { client, person } = peer;
      const { user } = await client.users.info({ user: person.id });
      expect(user).toMatchObject({ id: person.id, name: person.name, is_bot: false });
      const found = await client.users.lookupByEmail({ email: person.email });
      expect(found.user?.id).toBe(person.id);
      const { members } = await client.users.list({});
      expect(members?.map(({ id }) => id)).toContain(person.id);
      expect(await refusal(client.users.info({ user: 'U0NOBODY' }))).toBe('user_not_found');
      const nobody = client.users.lookupByEmail({ email: 'nobody@example.org' });
      expect(await refusal(nobody)).toBe('users_not_found');
    });

    it('knows the channel and who is in it', async () => {
      const { client, channel, person } = peer;
      const info = await client.conversations.info({ channel });
      expect(info.channel).toMatchObject({ id: channel, is_archived: false, is_private: false });
      const { members } = await client.conversations.members({ channel });
      expect(members).toContain(person.id);
    });

    it('opens the same direct messages each time, and by a person’s id too', async () => {
      const { client, person } = peer;
      const { channel } = await client.conversations.open({ users: person.id });
      const again = await client.conversations.open({ users: person.id });
      expect(again.channel?.id).toBe(channel?.id);
      const posted = await client.chat.postMessage({ channel: person.id, text: 'psst' });
      expect(posted.channel).toBe(channel?.id);
    });

    it('takes a reaction once', async () => {
      const reaction = {
        channel: peer.channel,
        timestamp: await post('react'),
        name: 'white_check_mark',
      };
      await peer.client.reactions.add(reaction);
      expect(await refusal(peer.client.reactions.add(reaction))).toBe('already_reacted');
      expect((await history({ limit: 1 }))[0]?.reactions).toMatchObject([
        { name: 'white_check_mark', count: 1 },
      ]);
    });

    it('opens one modal for a trigger', async () => {
      const trigger_id = await peer.trigger();
      const { view } = await peer.client.views.open({ trigger_id, view: modal });
      expect(view).toMatchObject({ type: 'modal', title: { text: 'A modal' } });
      expect(view?.id).toMatch(/^V/);
      expect(await refusal(peer.client.views.open({ trigger_id, view: modal }))).toBe(
        'exchanged_trigger_id',
      );
      const bogus = peer.client.views.open({ trigger_id: 'bogus', view: modal });
      expect(await refusal(bogus)).toBe('invalid_trigger_id');
    });

    it('replaces a view only for whoever saw the newest one', async () => {
      const { view } = await peer.client.views.open({
        trigger_id: await peer.trigger(),
        view: modal,
      });
      const change = { view_id: String(view?.id), hash: String(view?.hash) };
      const title = { type: 'plain_text' as const, text: 'Another' };
      const changed = await peer.client.views.update({ ...change, view: { ...modal, title } });
      expect(changed.view).toMatchObject({ id: view?.id, title: { text: 'Another' } });
      expect(await refusal(peer.client.views.update({ ...change, view: modal }))).toBe(
        'hash_conflict',
      );
    });

    it('publishes an App Home', async () => {
      const view = { type: 'home' as const, blocks: [section] };
      const answer = await peer.client.views.publish({ user_id: peer.person.id, view });
      expect(answer.view).toMatchObject({ type: 'home', blocks: [section] });
    });

    it('knows the workspace, and no bot that is not there', async () => {
      expect((await peer.client.team.info()).team?.id).toMatch(/^T/);
      expect(await refusal(peer.client.bots.info({ bot: 'B0NOTHING' }))).toBe('bot_not_found');
    });
  });
}
