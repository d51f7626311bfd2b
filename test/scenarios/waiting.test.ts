import { expect, it } from 'vitest';
import { people } from './people.ts';
import { scenarios } from './world.ts';

const { alice, bob, carol } = people;
const on = scenarios();

it('tells the second who asks for a target who holds it, and once more when it is free', async () => {
  const world = await on.start();
  const { revision, taskId } = await on.outside.build('build-decision');
  await world.propose(alice, `build-decision ${revision}`);
  const card = world.card();
  const first = (await world.store.list({ states: ['pending'] }))[0];
  await world.ask(carol, `build-decision ${taskId}`);
  const second = await world.slack.until(() =>
    world.slack
      .messages()
      .find(({ blocks }) => JSON.stringify(blocks).includes('is being promoted already')),
  );
  expect(JSON.stringify(second.blocks)).toContain(first?.id);

  await world.click(bob, 'reject', card.ts);
  const form = await world.slack.until(() => world.slack.views(bob)[0]);
  await world.slack.as(bob).submit(form, { why: 'not today' });
  const free = await world.slack.until(() =>
    world.slack
      .thread(second.thread_ts ?? second.ts)
      .find(({ text }) => text.includes('is free again')),
  );
  expect(free.text).toContain(`<@${carol}>`);
  expect(free.text).toContain(first?.id);
});
