import { describe, expect, it } from 'vitest';
import type { Policy } from '../../src/domain/policy.ts';
import { people } from '../../local/rig/people.ts';
import { scenarios, type World } from '../helpers/scenarios/world.ts';

const { alice, bob } = people;
const on = scenarios({ steadyTrees: true });
const commit = 'bd900d7a313c796d48da21fdb54ae35db812e3dc';
const example = `/promote-image build-decision ${commit}`;

/** Slack’s own code span and escapes taken away: what people read. */
function plain(text: string): string {
  return text
    .replaceAll('`', '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}

/** Types a line and gives what the person alone is told. */
async function told(world: World, line: string): Promise<string> {
  const before = world.told(alice).length;
  await world.ask(alice, line);
  await world.slack.until(() => world.told(alice).length > before);
  return plain(world.told(alice).slice(before).join('\n'));
}

describe('a wrong line', () => {
  const wrong: Readonly<Record<string, readonly [reason: string, why: string, next: string]>> = {
    'bild-decision latest': [
      'unknown-image',
      'There is no image “bild-decision”.',
      'The images are: build-decision, decision, gecko_decision, image_builder. For example /promote-image build-decision latest',
    ],
    'gecko-decision latest': [
      'unknown-image',
      '“gecko-decision”',
      '/promote-image gecko_decision latest',
    ],
    'Decision latest': ['unknown-image', '“Decision”', '/promote-image decision latest'],
    'constructor latest': ['unknown-image', '“constructor”', 'The images are'],
    '__proto__ latest': ['unknown-image', '“ˍˍprotoˍˍ”', 'The images are'],
    'promote build-decision': ['unknown-image', '“promote”', 'The images are'],
    'build-decision': ['bad-build', 'is not a build', example],
    'build-decision bd900d7': ['bad-build', '“bd900d7” is not a build', example],
    [`build-decision ${commit}0`]: ['bad-build', 'a full commit (40 hex digits)', example],
    'build-decision tomorrow': ['bad-build', '“tomorrow” is not a build', example],
    'build-decision latest tag latest': [
      'bad-tag',
      'a tag that moves cannot be pinned',
      '/promote-image build-decision latest',
    ],
    'build-decision latest tag -x bug 12': [
      'bad-tag',
      'a tag is letters',
      '/promote-image build-decision latest bug 12',
    ],
    'decision latest tag v1 because of it': [
      'bad-tag',
      'this image’s tags begin with decision-',
      '/promote-image decision latest because of it',
    ],
    [`build-decision ${commit} v1.2 for bug 1861626`]: [
      'tag-unsaid',
      '“v1.2” is no part of this line: a tag is given as tag X',
      `Try /promote-image build-decision ${commit} tag v1.2 bug 1861626, or without a tag of your own ${example} bug 1861626`,
    ],
    [`build-decision ${commit} for release bug 12`]: [
      'stray-words',
      'I do not know what “for release” is',
      `Try ${example} bug 12 because for release.`,
    ],
    'build-decision latest a b c': ['stray-words', '“a b c”', 'latest because a b c'],
    'build-decision latest bug': [
      'stray-words',
      '“bug”',
      'Try /promote-image build-decision latest.',
    ],
    'build-decision latest bug x': ['stray-words', '“bug x”', 'latest because bug x'],
    'build-decision latest because': ['stray-words', '“because”', 'build-decision latest.'],
    'build-decision https://example.org/tasks/KJ1Fz0vbQyWq8GZ7H3T4dA': [
      'bad-link',
      'does not lead to a build',
      'Give a commit',
    ],
    [`build-decision https://github.com/evil/fxci-config/commit/${commit}`]: [
      'bad-link',
      'is built from https://github.com/mozilla-releng/fxci-config',
      'Give a commit',
    ],
    [`build-decision https://github.com/mozilla-releng/fxci-config-evil/commit/${commit}`]: [
      'bad-link',
      'is built from',
      'Give a commit',
    ],
    [`build-decision https://x:y@github.com/mozilla-releng/fxci-config/commit/${commit}`]: [
      'bad-link',
      'carries a user name',
      'Give a commit',
    ],
    'build-decision https://github.com/mozilla-releng/fxci-config/commit/abc': [
      'bad-link',
      'no full commit',
      'Give a commit',
    ],
    [`build-decision https://treeherder.mozilla.org/jobs?repo=try&revision=${commit}`]: [
      'bad-link',
      'no push of fxci-config',
      'Give a commit',
    ],
    withdraw: ['unknown-command', 'I do not understand', '/promote-image withdraw <id>'],
    'withdraw p0000000000': ['unknown-promotion', 'no promotion “p0000000000”', 'status'],
    'status a b': ['unknown-command', 'I do not understand', '/promote-image status'],
    'history nope': ['unknown-image', 'There is no image “nope”', 'The images are'],
    'check nope': ['unknown-image', 'There is no image “nope”', 'The images are'],
    repin: ['unknown-command', 'I do not understand', '/promote-image repin build-decision'],
  };
  it('is answered to one person with what is wrong and a line that works; nothing starts', async () => {
    const world = await on.start();
    const expected: string[] = [];
    for (const [line, [reason, why, next]] of Object.entries(wrong)) {
      const text = await told(world, line);
      expect(text, line).toContain(why);
      expect(text, line).toContain(next);
      expected.push(reason);
    }
    expect(await world.reasons()).toEqual(expected);
    expect(world.slack.messages()).toEqual([]);
    expect(await world.store.list({ limit: 9 })).toEqual([]);
  });

  it('full of what Slack would interpret or hide is shown as it was typed, and short', async () => {
    const world = await on.start();
    const hostile = `<!channel>&<@${bob}>\u202e\u200b\`*_~${'x'.repeat(3000)}`;
    const text = await told(world, `${hostile} latest`);
    expect(text.length).toBeLessThan(1000);
    const raw = world.told(alice).join('');
    expect(raw).not.toMatch(/<[!@#]|[\u200b\u202e]/);
  });
});

it('who has as many requests under way as one may is told so, and what to do; others go on', async () => {
  const policy = (given: Policy): Policy => ({
    ...given,
    limits: { ...given.limits, requestsOfOne: 2, requests: 3 },
  });
  const world = await on.start({ policy });
  world.hold();
  const ask = (who: string, n: number) =>
    world.ask(who, `build-decision ${String(n).padStart(40, 'f')}`);
  await Promise.all(Array.from({ length: 5 }, (_, n) => ask(alice, n)));
  await expect.poll(() => world.told(alice)).toHaveLength(3);
  for (const text of world.told(alice)) {
    expect(text).toContain('2 requests of yours are under way already');
    expect(text).toContain('/promote-image status');
  }
  await ask(bob, 10);
  expect(world.told(bob)).toEqual([]);
  await ask(bob, 11);
  await expect.poll(() => world.told(bob)).toHaveLength(1);
  expect(world.told(bob)[0]).toContain('3 requests are under way already');
  expect(await world.store.list({ limit: 9 })).toHaveLength(3);
  await world.release();
});

it('a bug that is given “for bug N” is a bug and no tag', async () => {
  const world = await on.start();
  const { revision } = await on.outside.build('build-decision');
  const { ask, ...pending } = await world.propose(
    alice,
    `build-decision ${revision} for bug 1861626`,
  );
  expect(ask).toMatchObject({ bug: 1861626 });
  expect(pending).toMatchObject({ plan: { target: { tag: revision } } });
  expect(world.cardText()).not.toContain('The tag was given by hand');
  await world.click(alice, 'withdraw');
});

it('why somebody asks is read word for word by whoever decides: nothing in it is live or hidden', async () => {
  const world = await on.start();
  const { revision } = await on.outside.build('build-decision');
  const typed = '*Approved* by _bob_ `x` :white_check_mark: https://evil.example <!here>';
  const hidden = '\u2800\u034f\u17b4\u17b5\ufe0f\u{e0101}\u200b';
  await world.propose(alice, `build-decision ${revision} because ${typed}${hidden}!`);
  const elements = world.card().blocks?.flatMap((block) => block['elements'] ?? []);
  const text = `because ${typed}!`;
  expect(elements).toContainEqual({ type: 'plain_text', text, emoji: false });
  expect(JSON.stringify(world.slack.messages())).not.toMatch(
    /\p{Default_Ignorable_Code_Point}|\u2800/u,
  );
  await world.click(alice, 'withdraw');
});

it('help shows every command and every image', async () => {
  const world = await on.start();
  const text = await told(world, 'help');
  for (const word of ['status', 'history', 'withdraw', 'help', ...Object.keys(world.policy.images)])
    expect(text).toContain(word);
  expect(await told(world, 'HELP')).toBe(text);
  expect(await world.kinds()).toEqual([]);
});

it('status and history list what is under way and what was done, by whom', async () => {
  const world = await on.start();
  expect(await told(world, 'status')).toContain('Under way: nothing');
  const first = await on.outside.build('build-decision');
  const { id } = await world.propose(alice, `build-decision ${first.revision}`);
  expect(await told(world, 'status')).toMatch(
    new RegExp(`${id} \\*build-decision\\* .*waiting.*<@${alice}>`),
  );
  expect(await told(world, `status ${id}`)).toContain('waiting for a second person');
  expect(await told(world, 'status nope')).toContain('There is no promotion “nope”');
  await world.click(bob, 'approve');
  await world.until('reported');
  expect(await told(world, 'status')).toContain('Under way: nothing');
  expect(await told(world, 'history build-decision')).toContain(
    `build-decision:${first.revision}@sha256:`,
  );
  expect(await told(world, 'history decision')).toContain('History of decision: nothing');
  await world.slack.as(alice).home();
  const home = await world.slack.until(() => world.slack.homeOf(alice));
  expect(JSON.stringify(home.blocks)).toContain(first.revision);
});

it('lists stay whole however many there are', async () => {
  const world = await on.start();
  for (let at = 0; at < 18; at += 1) {
    await world.ask(alice, `build-decision ${String(at).padStart(40, 'f')}`);
  }
  await world.rest();
  const text = await told(world, 'history');
  expect(text).toMatch(/… and \d+ more$/);
  expect(world.told(alice).at(-1)?.match(/</g)?.length).toBe(
    world.told(alice).at(-1)?.match(/>/g)?.length,
  );
});
