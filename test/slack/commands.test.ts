import type { App } from '@slack/bolt';
import { expect, it } from 'vitest';
import type { Delivery } from '../../src/domain/delivery.ts';
import type { SlackAppOptions } from '../../src/slack/options.ts';
import { listenForCommands } from '../../src/slack/commands.ts';

type Typed = (given: object) => Promise<void>;

/** The handler of the slash command, and the envelopes of what it hands on. */
function listening(): { typed: (more: object) => Promise<void>; envelopes: string[] } {
  const envelopes: string[] = [];
  const handlers: Typed[] = [];
  const app = { command: (_: string, handler: Typed) => handlers.push(handler), view() {} };
  const bot = {
    onCommand: async ({ envelope }: Delivery) => {
      envelopes.push(envelope);
      return { show: 'nothing' };
    },
  };
  const policy = { slack: { channel: 'C1' } };
  listenForCommands(app as unknown as App, { bot, policy } as unknown as SlackAppOptions);
  const command = { user_id: 'U1', team_id: 'T1', channel_id: 'C1', text: 'status' };
  return {
    envelopes,
    typed: async (more) =>
      handlers[0]?.({ command: { ...command, ...more }, ack: async () => undefined, client: {} }),
  };
}

it('tells a line that is typed again from a copy of its delivery', async () => {
  const { typed, envelopes } = listening();
  const address = 'https://hooks.slack.example/commands/T1/1/a';
  const first = { trigger_id: '1.1.a', response_url: address };
  for (const given of [
    first,
    first,
    { ...first, trigger_id: '1.2.b' },
    { ...first, response_url: `${address}b` },
  ]) {
    await typed(given);
  }
  const [one, copy, ...others] = envelopes;
  expect(copy).toBe(one);
  expect(new Set([one, ...others]).size).toBe(3);
});
