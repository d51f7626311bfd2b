import { App, LogLevel } from '@slack/bolt';
import { afterEach, describe, expect, it } from 'vitest';
import { startSlack } from '../../local/slack/server.ts';
import { seed } from '../helpers/local/slack-seed.ts';

const alice = 'U0ALICE01';
const bob = 'U0BOB0001';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});

const transports = ['Socket Mode', 'HTTP'] as const;

/** A running Slack with a real Bolt app on it. */
async function start(transport: (typeof transports)[number], listen: (app: App) => void) {
  const slack = await startSlack(seed, { ackWithin: 400, retries: [0, 20, 20] });
  cleanups.push(() => slack.stop());
  const shared = {
    token: slack.botToken,
    logLevel: LogLevel.ERROR,
    clientOptions: { slackApiUrl: slack.apiUrl, retryConfig: { retries: 0 } },
  };
  const app =
    transport === 'HTTP'
      ? new App({ ...shared, signingSecret: slack.signingSecret })
      : new App({ ...shared, socketMode: true, appToken: slack.appToken });
  listen(app);
  const server = await app.start(0);
  cleanups.push(() => app.stop());
  if (server && 'address' in server) {
    const { port } = server.address() as { port: number };
    slack.deliverTo(`http://127.0.0.1:${port}/slack/events`);
  } else {
    await slack.until(() => slack.connections > 0);
  }
  return slack;
}

const buttons = (value: string) => [
  { type: 'section', text: { type: 'mrkdwn', text: 'Promote?' } },
  {
    type: 'actions',
    block_id: 'decide',
    elements: [
      {
        type: 'button',
        action_id: 'approve',
        value,
        text: { type: 'plain_text', text: 'Approve' },
      },
    ],
  },
];

describe.each(transports)('a Bolt app over %s', (transport) => {
  it('takes a command, answers it, posts a card and hears of the click on it', async () => {
    const heard: object[] = [];
    const slack = await start(transport, (app) => {
      app.command('/promote-image', async ({ ack, command, client }) => {
        await ack({ text: `Looking at ${command.text}` });
        await client.chat.postMessage({
          channel: command.channel_id,
          text: 'Promote?',
          blocks: buttons(command.text),
        });
      });
      app.action('approve', async ({ ack, body, action, respond }) => {
        await ack();
        heard.push({ user: body.user.id, action });
        await respond({ replace_original: true, text: 'Approved', blocks: [] });
      });
    });
    const answer = await slack.as(alice).command('/promote-image', 'build-decision latest');
    expect(answer).toMatchObject({ ack: { text: 'Looking at build-decision latest' } });
    expect(slack.ephemerals(alice).map(({ text }) => text)).toEqual([
      'Looking at build-decision latest',
    ]);
    const card = await slack.until(() => slack.messages()[0]);
    expect(await slack.as(bob).click(card.ts, 'approve')).toEqual({ ms: expect.any(Number) });
    await slack.until(() => slack.messages()[0]?.text === 'Approved');
    expect(heard).toMatchObject([
      { user: bob, action: { action_id: 'approve', value: 'build-decision latest' } },
    ]);
  });

  it('opens a modal, sends what was wrong back to it and takes it when it is right', async () => {
    const slack = await start(transport, (app) => {
      app.command('/promote-image', async ({ ack, client, body }) => {
        await ack();
        await client.views.open({
          trigger_id: body.trigger_id,
          view: {
            type: 'modal',
            callback_id: 'ask',
            title: { type: 'plain_text', text: 'Promote' },
            submit: { type: 'plain_text', text: 'Ask' },
            blocks: [
              {
                type: 'input',
                block_id: 'image',
                label: { type: 'plain_text', text: 'Image' },
                element: { type: 'plain_text_input', action_id: 'image' },
              },
            ],
          },
        });
      });
      app.view('ask', async ({ ack, view, client }) => {
        const image = view.state.values['image']?.['image']?.value;
        if (image !== 'decision')
          return await ack({ response_action: 'errors', errors: { image: 'No such image' } });
        await ack();
        await client.chat.postMessage({ channel: 'C0RELEASE', text: `Asked for ${image}` });
        return undefined;
      });
    });
    const person = slack.as(alice);
    await person.command('/promote-image');
    const view = await slack.until(() => slack.views(alice)[0]);
    expect(await person.submit(view)).toMatchObject({
      problems: { image: 'Please complete this required field.' },
    });
    expect(await person.submit(view, { image: 'nonsense' })).toMatchObject({
      problems: { image: 'No such image' },
    });
    expect(slack.views(alice)).toHaveLength(1);
    expect(await person.submit(view, { image: 'decision' })).not.toHaveProperty('problems');
    expect(slack.views(alice)).toHaveLength(0);
    await slack.until(() => slack.messages().some(({ text }) => text === 'Asked for decision'));
  });

  it('shows the person that an acknowledgement came too late', async () => {
    const late = Promise.withResolvers<void>();
    const slack = await start(transport, (app) => {
      app.command('/promote-image', async ({ ack }) => {
        await new Promise((resolve) => setTimeout(resolve, 450));
        await ack().finally(late.resolve);
      });
    });
    const answer = await slack.as(alice).command('/promote-image', 'x');
    expect(answer).toMatchObject({ error: 'operation_timeout' });
    expect(slack.ephemerals(alice).at(-1)?.text).toMatch(/operation_timeout/);
    await late.promise;
  });

  it('publishes an App Home when somebody opens it, and hears of a duplicate too', async () => {
    const attempts: (number | undefined)[] = [];
    const slack = await start(transport, (app) => {
      app.event('app_home_opened', async ({ event, client, context }) => {
        attempts.push(context.retryNum);
        await client.views.publish({
          user_id: event.user,
          view: { type: 'home', blocks: [{ type: 'divider' }] },
        });
      });
    });
    await slack.as(alice).home();
    expect((await slack.until(() => slack.homeOf(alice))).blocks).toMatchObject([
      { type: 'divider' },
    ]);
    slack.delivery({ duplicate: 1 });
    await slack.as(alice).home();
    const isPublished = ({ name }: { name: string }) => name === 'views.publish';
    await slack.until(() => slack.transcript().filter(isPublished).length === 3);
    expect(attempts).toHaveLength(3);
  });
});
