import { createEmulator } from 'emulate';
import { startSlack } from '../../local/slack/server.ts';
import { seed } from '../helpers/local/slack-seed.ts';
import { plainClient, slackContract } from './slack.ts';

slackContract('our Slack', async () => {
  const slack = await startSlack(seed);
  return {
    client: plainClient(slack.apiUrl, slack.botToken),
    channel: slack.channel,
    person: { id: 'U0ALICE01', name: 'alice', email: 'alice@example.org' },
    trigger: async () => {
      await slack.as('U0ALICE01').command('/promote-image');
      return String(slack.delivered.at(-1)?.payload['trigger_id']);
    },
    stop: () => slack.stop(),
  };
});

slackContract('emulate', async () => {
  const token = 'xoxb-emulated';
  const emulator = await createEmulator({
    service: 'slack',
    port: 0,
    seed: {
      slack: {
        users: [{ name: 'alice', real_name: 'Alice Arnold', email: 'alice@example.org' }],
        channels: [{ name: 'release' }],
        tokens: [{ token, type: 'bot' }],
      },
    },
  });
  const client = plainClient(`${emulator.url}/api/`, token);
  const { channels } = await client.conversations.list({});
  const { user } = await client.users.lookupByEmail({ email: 'alice@example.org' });
  const id = String(user?.id);
  return {
    client,
    channel: String(channels?.find(({ name }) => name === 'release')?.id),
    person: { id, name: 'alice', email: 'alice@example.org' },
    trigger: async () => {
      const answer = await client.apiCall('views.generateTriggerId', { user_id: id });
      return String(Object(answer).trigger_id);
    },
    stop: () => emulator.close(),
  };
});
