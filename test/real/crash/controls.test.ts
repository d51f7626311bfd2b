import { expect, it } from 'vitest';
import { guards } from '../../helpers/real/crash/broken.ts';
import { kill, type Death } from '../../helpers/real/crash/killing.ts';
import { randomFrom } from '../../helpers/real/crash/random.ts';
import { World } from '../../helpers/real/crash/world.ts';

const seed = Number(process.env['CRASH_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const wants = [{ image: 'build-decision', fate: 'approve' }] as const;
/** Long enough for a promotion, however busy the machine is; a failpoint ends it sooner. */
const after = { starts: 16 };

/** Where a bot without the guard must die for it to show, and what is then found. */
const cases: Readonly<
  Record<string, { readonly deaths: readonly Death[]; readonly shows: RegExp }>
> = {
  'looks before it repeats': {
    deaths: [{ at: 'after slack.chat.postMessage', wants, after }],
    shows: /more than once|cards instead of 1/,
  },
  'keeps posts until Slack has them': {
    deaths: [{ at: 'before slack.chat.postMessage', passing: 2, wants, after }],
    shows: /the thread tells/,
  },
  'takes a delivery once': {
    deaths: [{ wants, after: { starts: 8 } }, ...Array<Death>(5).fill({ after: { starts: 3 } })],
    shows: /asked 1 times, [2-9] promotions/,
  },
  'sees what is published': {
    deaths: [{ at: 'after registry.PUT tag', wants, after }],
    shows: /the tag had sha256:\w+,sha256:/,
  },
  'tells of what is in the log': {
    deaths: [{ wants, after: { starts: 8 } }],
    shows: /the log was rewritten/,
  },
};

it('looks for every guard that it knows', () => {
  expect(Object.keys(cases).toSorted()).toEqual(Object.keys(guards).toSorted());
});

it.each(Object.entries(cases))(
  'finds out a bot that no longer %s',
  async (broken, { deaths, shows }) => {
    const world = await World.start();
    try {
      const random = randomFrom(seed);
      const killing = { world, random, deaths, broken, wishes: 0, again: 1, patience: 15_000 };
      const { violations } = await kill(killing);
      console.info(`without ${guards[broken]?.without}: ${violations.length} violations`);
      expect(violations.join('\n')).toMatch(shows);
    } finally {
      await world.close();
    }
  },
);

it('finds nothing in the bot as it is, killed at the same places', async () => {
  const world = await World.start();
  try {
    const deaths = Object.values(cases).flatMap((one) => one.deaths);
    const killing = { world, random: randomFrom(seed), deaths, wishes: 0, again: 1 };
    expect((await kill(killing)).violations.join('\n')).toBe('');
  } finally {
    await world.close();
  }
});
