import { WebClient, WebAPIPlatformError } from '@slack/web-api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startSlack } from '../../local/slack/server.ts';
import type { Slack } from '../../local/slack/slack.ts';
import { context } from '../../src/words/blocks.ts';
import { say } from '../../src/words/messages.ts';
import { words } from '../../src/words/mrkdwn.ts';
import type { QueuedPost } from '../../src/store-port.ts';
import type { Post } from '../../src/domain/post.ts';
import { isHopeless, sendPost } from '../../src/slack/posts.ts';
import { seed } from '../helpers/local/slack-seed.ts';

let slack: Slack;
let client: WebClient;

beforeEach(async () => {
  slack = await startSlack(seed);
  client = new WebClient(slack.botToken, {
    slackApiUrl: slack.apiUrl,
    retryConfig: { retries: 0 },
  });
});

afterEach(() => slack.stop());

function queued(post: Post, more: Partial<QueuedPost> = {}): QueuedPost {
  const rest = { id: 1, promotion: 'p1', attempts: 1, key: 'k1', card: undefined, slot: undefined };
  return { ...rest, post, ...more };
}

const thread: Post = {
  kind: 'thread',
  message: say(words`Told once`),
};
const file: Post = {
  kind: 'file',
  name: 'a.patch',
  content: 'text',
  message: say(words`A patch`),
};

it('a post that another replica has by now is neither sent nor put over what came after', async () => {
  const { channel } = slack;
  const ours = { client, channel, isOurs: () => true };
  const card = await sendPost(
    queued({
      kind: 'card',
      message: say(words`The card`),
    }),
    ours,
  );
  const theirs = { client, channel, isOurs: () => false };
  const update: Post = {
    kind: 'card',
    message: say(words`An older card`),
  };
  for (const post of [thread, file, update]) {
    await expect(sendPost(queued(post, { card, key: 'k2' }), theirs)).rejects.toThrow(
      /another replica/,
    );
  }
  const texts = slack.messages().map(({ text, files }) => files?.[0]?.name ?? text);
  expect(texts).toEqual(['The card']);
});

describe('a file that Slack will not have', () => {
  const patch = (content: string): Post => {
    const message = {
      ...say(words`A patch`),
      blocks: [...say(words`A patch`).blocks, context(words`audit 1:ab`)],
    };
    return { kind: 'file', name: 'a.patch', content, message };
  };
  const lines = Array.from({ length: 300 }, (_, at) => `+ line ${at}\n`).join('');
  const sender = () => ({ client, channel: slack.channel, isOurs: () => true });
  const refuse = (error: string, times = 1) =>
    slack.fail({ method: 'files.completeUploadExternal', how: { error }, times });

  it('comes as text, at once, and what is behind it goes on', async () => {
    refuse('not_in_channel');
    await sendPost(queued(patch(lines), { attempts: 0 }), sender());
    await sendPost(queued(thread, { key: 'k2', attempts: 0 }), sender());
    const [first, second] = slack.messages();
    const blocks = JSON.stringify(first?.blocks);
    expect(blocks).toContain('could not be attached: Slack says `not_in_channel`');
    for (const at of [0, 150, 299]) expect(blocks).toContain(`+ line ${at}\\n`);
    expect(blocks).toContain('audit 1:ab');
    expect(first?.text).toBe('A patch (could not be attached: not_in_channel)');
    expect(second?.text).toBe('Told once');
  });

  it('is said to be missing where its text is too long, or cannot be seen as it is', async () => {
    for (const content of ['x\n'.repeat(10_000), 'a\u200bb\n']) {
      refuse('file_uploads_disabled');
      await sendPost(queued(patch(content), { attempts: 0, key: content.slice(0, 8) }), sender());
    }
    for (const { blocks } of slack.messages()) {
      expect(JSON.stringify(blocks)).toContain('ask for the same build again');
      expect(JSON.stringify(blocks)).not.toContain('preformatted');
    }
    expect(slack.messages()).toHaveLength(2);
  });

  it('is offered a few times where the trouble may pass, and then comes as text', async () => {
    refuse('internal_error', 2);
    const post = patch('text\n');
    await expect(sendPost(queued(post, { attempts: 1 }), sender())).rejects.toThrow(
      'internal_error',
    );
    expect(slack.messages()).toEqual([]);
    await sendPost(queued(post, { attempts: 4 }), sender());
    expect(JSON.stringify(slack.messages()[0]?.blocks)).toContain('could not be attached');
  });
});

describe('what only one person is to see', () => {
  const told = (attempts: number) =>
    queued(
      {
        kind: 'ephemeral',
        user: 'U0ALICE01',
        message: say(words`Refused`),
      },
      { attempts },
    );
  const errorOf = (work: Promise<unknown>) =>
    work.then(
      () => undefined,
      (error: unknown) => error,
    );

  it('is sent until Slack is back, however long that takes', async () => {
    slack.fail({ method: 'chat.postEphemeral', how: { status: 503 } });
    slack.fail({ method: 'chat.postEphemeral', how: { error: 'internal_error' } });
    const sender = { client, channel: slack.channel, isOurs: () => true };
    for (const attempts of [6, 100]) {
      const error = await errorOf(sendPost(told(attempts), sender));
      expect(error).toBeInstanceOf(Error);
      expect(isHopeless(error, told(attempts))).toBe(false);
    }
  });

  it('is given up where Slack says no again and again', async () => {
    slack.fail({ method: 'chat.postEphemeral', how: { error: 'not_in_channel' } });
    const sender = { client, channel: slack.channel, isOurs: () => true };
    const error = await errorOf(sendPost(told(5), sender));
    expect(error).toBeInstanceOf(WebAPIPlatformError);
    expect(isHopeless(error, told(4))).toBe(false);
    expect(isHopeless(error, told(5))).toBe(true);
  });
});
