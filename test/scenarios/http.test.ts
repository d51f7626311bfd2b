import { createHmac } from 'node:crypto';
import { expect, it } from 'vitest';
import { people } from '../../local/rig/people.ts';
import { scenarios } from '../helpers/scenarios/world.ts';

const { alice, bob } = people;
const on = scenarios({ steadyTrees: true });

it('promotes over signed HTTP requests as over Socket Mode', async () => {
  const world = await on.start({ transport: 'http' });
  const { revision } = await on.outside.build('build-decision');
  await world.propose(alice, `build-decision ${revision}`);
  await world.click(alice, 'approve');
  await expect.poll(() => world.told(alice)).toEqual([expect.stringMatching(/second person/)]);
  await world.click(bob, 'approve');
  await world.until('reported');
  expect(world.slack.connections).toBe(0);
  const deliveries = world.slack.transcript().filter(({ from }) => from === 'slack');
  expect(deliveries.map(({ via }) => via)).toEqual(['http', 'http', 'http']);
});

it('does nothing with a request that Slack did not sign', async () => {
  const world = await on.start({ transport: 'http' });
  const url = world.requestUrl;
  const command = {
    command: '/promote-image',
    text: 'build-decision latest',
    team_id: world.slack.team,
    channel_id: world.slack.channel,
    user_id: alice,
    trigger_id: '1.2.3',
    response_url: 'http://127.0.0.1:9/',
  };
  const body = new URLSearchParams(command).toString();
  const seconds = (ahead: number) => String(Math.floor(Date.now() / 1000) + ahead);
  const sign = (secret: string, at: string, text = body) =>
    `v0=${createHmac('sha256', secret).update(`v0:${at}:${text}`).digest('hex')}`;
  const { signingSecret } = world.slack;
  const now = seconds(0);
  const old = seconds(-600);
  const forged: readonly Readonly<Record<string, string>>[] = [
    {},
    { 'x-slack-request-timestamp': now },
    { 'x-slack-request-timestamp': now, 'x-slack-signature': '' },
    { 'x-slack-request-timestamp': now, 'x-slack-signature': sign('another secret', now) },
    {
      'x-slack-request-timestamp': now,
      'x-slack-signature': sign(signingSecret, now, `${body}&x=1`),
    },
    {
      'x-slack-request-timestamp': now,
      'x-slack-signature': sign(signingSecret, now).replace('v0', 'v1'),
    },
    {
      'x-slack-request-timestamp': now,
      'x-slack-signature': sign(signingSecret, now).toUpperCase(),
    },
    {
      'x-slack-request-timestamp': now,
      'x-slack-signature': sign(signingSecret, now).slice(0, -1),
    },
    { 'x-slack-request-timestamp': old, 'x-slack-signature': sign(signingSecret, old) },
    { 'x-slack-request-timestamp': 'soon', 'x-slack-signature': sign(signingSecret, 'soon') },
  ];
  const type = { 'content-type': 'application/x-www-form-urlencoded' };
  for (const headers of forged) {
    const answer = await fetch(url, { method: 'POST', body, headers: { ...type, ...headers } });
    expect(answer.status).toBe(401);
  }
  expect(await world.kinds()).toEqual([]);
  // The same request, signed as it should be, is taken: it was the signature.
  const headers = {
    ...type,
    'x-slack-request-timestamp': now,
    'x-slack-signature': sign(signingSecret, now),
  };
  await on.outside.build('build-decision');
  expect((await fetch(url, { method: 'POST', body, headers })).status).toBe(200);
  await world.until('pending');
  await world.click(alice, 'withdraw');
  await world.until('withdrawn');
});
