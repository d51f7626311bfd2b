import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkBlocks } from '../../local/slack/block-check.ts';
import type { Surface } from '../../local/slack/blocks.ts';
import { html } from '../../local/slack/page/html.ts';
import { mrkdwn } from '../../local/slack/page/mrkdwn.ts';
import type { Workspace } from '../../local/slack/workspace.ts';
import { card } from '../../src/words/card.ts';
import { details } from '../../src/words/details.ts';
import { driftMessage } from '../../src/words/drift-message.ts';
import { explain, refuse, type Refusal } from '../../src/domain/errors.ts';
import { leftOut, nothingRepinned } from '../../src/words/repin-message.ts';
import * as messages from '../../src/words/messages.ts';
import * as endings from '../../src/words/endings.ts';
import { code, cut, explained, fit, words, type Mrkdwn } from '../../src/words/mrkdwn.ts';
import { help, home, listing } from '../../src/words/overview.ts';
import type { Plan, Warning } from '../../src/domain/plan.ts';
import type { Message } from '../../src/domain/post.ts';
import { reasons, type Reason } from '../../src/domain/reasons.ts';
import type { Failed, Promotion } from '../../src/domain/states.ts';
import {
  approved,
  asked,
  at,
  digest,
  pending,
  promoted,
  pushing,
  rejected,
  reported,
} from '../../local/rig/promotions.ts';
import { counted } from '../helpers/counts.ts';

/** Whoever is mentioned by this id was mentioned by somebody else’s text. */
const evil = 'U0EVIL001';

const snippet = fc.constantFrom(
  '<!channel>',
  '<!here>',
  '<!everyone>',
  `<@${evil}>`,
  `<@${evil}|bob>`,
  '<#C0IMAGES1>',
  '<!subteam^S0APPROVE>',
  '<https://evil.example|https://mozilla.org>',
  '&lt;!channel&gt;',
  '&',
  '<',
  '>',
  '`',
  '```',
  '*',
  '_',
  '~',
  '|',
  '\u202e',
  '\u2066',
  '\u200b',
  '\u200d',
  '\ufeff',
  '\u00ad',
  '\u115f',
  '\u2028',
  '\n',
  '\r\n',
  '\t',
  '\0',
  '\u001b[31m',
  '\ud83d',
  '\udc00',
  '😀',
  '{state}',
  '$&',
  '<!date^0^{date}|x>',
  'file:///etc/passwd',
  'é',
  '“',
  '*evil*',
  '_evil_',
  ' _evil',
  '~evil~',
  '`evil`',
  '>evil',
  ':evil:',
  'https://evil.example/x',
  '\u2800',
  '\u034f',
  '\u17b4',
  '\u17b5',
  '\u3164',
  '\uffa0',
  '\ufe0f',
  '\u{e0101}',
  '\u{e0041}',
  '\u180b',
  '\u00a0',
  '\u3000',
  'z\u0301\u0302\u0303\u0304\u0305\u0306',
  '\u0338',
);
const hostile = fc.oneof(
  fc
    .array(fc.oneof(snippet, fc.string({ unit: 'binary' })), { maxLength: 12 })
    .map((parts) => parts.join('')),
  fc.tuple(snippet, fc.constantFrom(1000, 20_000)).map(([one, times]) => one.repeat(times)),
);

/** Nothing that a font leaves out, that turns the direction, or that is wider or higher than people expect. */
const unseen =
  /\p{Default_Ignorable_Code_Point}|[\u061c\u2800\u00a0\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]|\p{M}{4}/u;

/** The signs that our own words have. */
const signs =
  /:(?:warning|mag|hourglass|white_check_mark|rocket|package|x|no_entry|alarm_clock|leftwards_arrow_with_hook|bell|repeat|small_orange_diamond|grey_question|arrows_counterclockwise|octagonal_sign|rotating_light):/g;

/** What Slack itself would act on, in text that is not ours; what nobody can see. */
function expectHarmless(text: string): void {
  const ours =
    /<@[UW](?!0EVIL)[A-Z0-9]+>|<#C[A-Z0-9]+>|<!date\^\d+\^\{date_short_pretty\} \{time\}\|[^<>]*>|<https?:\/\/[^\s<>|]+\|[^<>|]*>/g;
  const rest = text.replaceAll(ours, '');
  // In a code span nothing but Slack's three characters and the back-tick that ends it is live.
  const bare = rest.replaceAll(/`[^`\n]*`/g, '').replaceAll(signs, '');
  const harm = {
    'is no link of ours': /[<>]/.test(rest),
    'is an entity of its own': /&(?!amp;|lt;|gt;)/.test(rest),
    'cannot be seen': unseen.test(text),
    'is a control character': /[\0-\x09\x0b-\x1f\x7f]/.test(text),
    'is half a character': !text.isWellFormed(),
    'ends a code span': bare.includes('`'),
    'is bold': (bare.match(/\*/g)?.length ?? 0) % 2 === 1 || /\*evil\*/.test(bare),
    'is italic': /(?<![\p{L}\p{N}_])_|_(?![\p{L}\p{N}_])/u.test(bare),
    'is struck through': bare.includes('~'),
    'is an emoji': /:(?!\d\d:)[\p{L}\p{N}_+'-]+:/u.test(bare),
    'is a quote': /^\s*&gt;/m.test(bare),
  };
  // One assertion for each of millions of texts would be most of the time.
  if (Object.values(harm).includes(true)) expect.fail(`${JSON.stringify(harm)} in ${text}`);
}

interface Node {
  readonly type?: string;
  readonly text?: unknown;
}

/** Every text that Slack would interpret. */
function interpreted(node: unknown): readonly string[] {
  if (Array.isArray(node)) return node.flatMap(interpreted);
  if (typeof node !== 'object' || node === null) return [];
  const { type, text } = node as Node;
  if (type === 'mrkdwn') {
    if (!('verbatim' in node) || node.verbatim !== true)
      expect.fail(`not verbatim: ${String(text)}`);
    return [String(text)];
  }
  return Object.values(node).flatMap(interpreted);
}

/** Every text that Slack shows as it is. */
function plain(node: unknown): readonly string[] {
  if (Array.isArray(node)) return node.flatMap(plain);
  if (typeof node !== 'object' || node === null) return [];
  const { type, text } = node as Node;
  if (type === 'plain_text' && (!('emoji' in node) || node.emoji !== false)) expect.fail('emoji');
  if (type === 'plain_text' || type === 'text') return [String(text)];
  return Object.values(node).flatMap(plain);
}

function expectSound({ text, blocks }: Message, surface: Surface = 'message'): void {
  expectHarmless(text);
  for (const one of interpreted(blocks)) expectHarmless(one);
  expect(plain(blocks).join('\n')).not.toMatch(unseen);
  try {
    checkBlocks(JSON.parse(JSON.stringify(blocks)), surface);
  } catch (error) {
    throw new Error(`Slack would refuse it: ${JSON.stringify(error)}`, { cause: error });
  }
}

/** A plan whose every text that came from outside is `text`. */
function planOf(base: Plan, text: string): Plan {
  const place = { source: text, path: text, line: 7 };
  const warnings: readonly Warning[] = [
    { warning: 'cached', asked: base.build.revision, built: base.build.revision },
    { warning: 'mercurial-changed', from: cut(text, 100), to: cut(text, 100) },
    { warning: 'mercurial-unknown', to: cut(text, 100), problem: text },
    { warning: 'expires-early', expires: '2026-12-01T00:00:00.000Z' },
    { warning: 'tag-unseen' },
    { warning: 'tag-given', rule: 'revision' },
    ...Array.from({ length: 60 }, () => ({ warning: 'pin-not-understood', ...place }) as const),
    { warning: 'no-pins', source: 'https://example.org/tree' },
    { warning: 'pin-not-patchable', ...place },
    { warning: 'moving-tag', ...place, name: cut(text, 128) },
    { warning: 'released-tag', ...place, tag: cut(text, 128), repository: cut(text, 100) },
  ];
  return {
    ...base,
    build: { ...base.build, checks: [{ check: 'status', says: text }, ...base.build.checks] },
    contents: { ...base.contents, mercurial: cut(text, 100), platform: cut(text, 100) },
    pins: Array.from({ length: 40 }, () => ({ ...place, from: text })),
    warnings,
  };
}

function refusalOf(reason: Reason, text: string): Refusal {
  const names = [...`${reasons[reason].says}${reasons[reason].next}`.matchAll(/\{(\w+)\}/g)];
  return {
    outcome: 'refused',
    reason,
    facts: Object.fromEntries(names.map(([, name]) => [name, text])),
  };
}

/** A promotion in every state, with `text` wherever somebody outside has a say. */
function promotions(text: string): readonly Promotion[] {
  const first = asked('p1');
  const start = { ...first, ask: { ...first.ask, because: text, bug: 7 } };
  const base = pending(start, 'v'.repeat(128));
  const waiting = { ...base, plan: planOf(base.plan, text) };
  const yes = approved(waiting);
  const ended = { endedAt: at };
  const done = promoted(pushing(yes));
  const refusal = refusalOf('bad-link', text);
  return [
    start,
    waiting,
    yes,
    pushing(yes),
    done,
    reported(done),
    { ...rejected(waiting), why: text },
    { ...yes, state: 'failed', failure: refusalOf('registry-nonsense', text), ...ended },
    { ...yes, state: 'refused', refusal, ...ended },
    { ...start, state: 'refused', refusal, ...ended },
    { ...waiting, state: 'unneeded', digest, ...ended },
    { ...waiting, state: 'expired', ...ended },
    { ...waiting, state: 'withdrawn', ...ended },
    { ...pushing(yes), state: 'withdrawn', tagging: { at }, ...ended },
  ];
}

const rootUrl = 'https://tc.example.org';
const anchor = { seq: 12, hash: 'ab'.repeat(32) };

describe('whatever text comes from outside', () => {
  it('no reason’s sentence lets it do or hide anything', () => {
    const names = Object.keys(reasons) as Reason[];
    fc.assert(
      fc.property(fc.constantFrom(...names), hostile, (reason, text) => {
        const refusal = refusalOf(reason, text);
        expectSound(messages.refused(refusal));
        expect(messages.refused(refusal).text).not.toMatch(/\{\w+\}(?<!\{state\}|\{date\})/);
        expectSound(messages.patchFailed(refusal, 'a:b'));
      }),
      { numRuns: counted(300, 3000) },
    );
  });

  it('no card, list or message of any state does, and Slack takes every one', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        for (const one of promotions(text)) {
          expectSound(messages.anchored(card(one, { rootUrl, required: 2 }), anchor));
          expectSound({ text: 'x', blocks: details(one, { rootUrl }) }, 'modal');
          switch (one.state) {
            case 'failed':
              expectSound(messages.pushFailed(one));
              break;
            case 'refused':
              expectSound(messages.planRefused(one));
              expectSound(endings.pushRefused(one));
              break;
            case 'expired':
              expectSound(endings.expired(one));
              break;
            case 'withdrawn':
              expectSound(endings.withdrawn({ ...one, stopped: true, by: 'U00000002' }));
              break;
            case 'rejected':
              expectSound(messages.rejectedBy(one));
              break;
            case 'pending':
              expectSound(messages.planReady(one, text));
              break;
            case 'promoted':
              expectSound(messages.published(one));
              break;
            case 'unneeded':
              expectSound(messages.unneeded(one, text));
              break;
            default:
              expectSound(messages.targetFree(one, one));
          }
        }
        const many = Array.from({ length: 5 }, () => promotions(text)).flat();
        expectSound(listing('History', many));
        expectSound({ text: 'x', blocks: home(many, many) }, 'home');
        const files = Array.from({ length: 30 }, () => text);
        const source = 'https://example.org/tree';
        expectSound(
          messages.patchReady({
            source,
            revision: 'ab'.repeat(20),
            files,
            content: text || 'x',
            movedSince: text,
            note: leftOut(files),
          }),
        );
        expectSound(
          messages.byHand(
            source,
            files.map((path) => ({ path, line: 1 })),
          ),
        );
        expectSound(nothingRepinned(source, files));
        const unknown = refusalOf('tree-unreachable', text);
        const trees = [
          { source, pins: unknown },
          {
            source,
            pins: files.map((path) => ({
              path,
              line: 1,
              from: text,
              standing: 'behind' as const,
              by: { versions: 7 },
            })),
          },
        ];
        for (const byRelease of [true, false]) {
          const drift = {
            image: 'decision',
            newest: unknown,
            published: unknown,
            byRelease,
            trees,
          };
          expectSound(driftMessage([drift, drift, drift, drift]));
        }
      }),
      { numRuns: counted(8, 150) },
    );
  }, 120_000);

  it('escaping leaves nothing that Slack would act on', () => {
    fc.assert(
      fc.property(fc.array(snippet, { maxLength: 6 }), (parts) => {
        const text = parts.join('');
        expectHarmless(words`${text}`.text);
        const span = code(text).text;
        expectHarmless(span);
        if (span.slice(1, -1).includes('`')) expect.fail(span);
      }),
      { numRuns: counted(10_000, 200_000) },
    );
  }, 60_000);
});

const nowhere = { users: new Map(), channels: new Map(), groups: new Map() };
const reader = { workspace: nowhere as unknown as Workspace, as: 'U0ALICE01' };

describe('as Slack would render it', () => {
  it.each([
    ['*evil*', '∗evil∗'],
    ['_evil_ and gecko_decision', 'ˍevilˍ and gecko_decision'],
    ['~evil~', '∼evil∼'],
    ['`evil`', 'ˋevilˋ'],
    ['> evil', '› evil'],
    [':evil: at 10:20:30', '∶evil: at 10:20:30'],
    ['<https://evil.example|evil>', '<https://evil.example|evil>'],
    ['https://evil.example', 'https://evil.example'],
    ['<!channel> &lt;evil', '<!channel> &lt;evil'],
  ])('“%s” is only read', (text, shown) => {
    const piece = words`${text}`;
    expect(mrkdwn(piece.text, reader, true).text).toBe(html`${shown}`.text);
    expect(mrkdwn(words`*Ours* ${piece}`.text, reader, true).text).toMatch(
      /^<strong>Ours<\/strong> /,
    );
  });
});

describe('messages', () => {
  it('help is one that Slack takes, with every image', () => {
    expectSound(help(['build-decision', 'decision']));
  });

  it('every reason is one clear paragraph: what, why, and the next move', () => {
    for (const reason of Object.keys(reasons) as Reason[]) {
      const { says, next } = reasons[reason];
      expect(says, reason).toMatch(/^([A-Z“{]|sops|git).*[.…]$/);
      expect(next, reason).toMatch(/^[A-Z`{].*[.]$/);
      expect(`${says} ${next}`.length, reason).toBeLessThan(300);
      expect(`${says} ${next}`, reason).not.toMatch(/\b(error|exception|undefined|null)\b/i);
    }
  });

  it('say who and where as Slack shows them', () => {
    const { text } = messages.refused(
      refuse('changed-approver', { who: 'U0BOB0001', problem: 'x' }),
    );
    expect(text).toMatch(/^<@U0BOB0001>, who approved this/);
    expect(messages.refused(refuse('wrong-place', { channel: 'C0IMAGES1' })).text).toContain(
      '<#C0IMAGES1>',
    );
    expect(explain(refuse('wrong-place', { channel: 'C0IMAGES1' }))).toContain('C0IMAGES1');
    const nobody = refuse('changed-approver', { who: '<!channel>', problem: 'x' });
    expect(explained(nobody).text).toMatch(/^&lt;!channel&gt;, who/);
  });

  it('of a failure have the way to try again, and nothing else to press', () => {
    const failed = promotions('x').find(({ state }) => state === 'failed') as Failed;
    expect(JSON.stringify(messages.pushFailed(failed).blocks)).toContain(
      `"value":"${failed.id} ${failed.planHash}"`,
    );
  });
});

describe('lines that are fitted', () => {
  it('stay whole, and tell how many there are besides', () => {
    const lines = (...texts: readonly string[]): readonly Mrkdwn[] =>
      texts.map((text) => words`${text}`);
    expect(fit(lines('one', 'two'), 7).text).toBe('one\ntwo');
    expect(fit(lines('one', 'two', 'three', 'four', 'five'), 20).text).toBe(
      'one\ntwo\n… and 3 more',
    );
    expect(fit(lines('one', 'two', 'three', 'fourth', 'fifth'), 22, ' there').text).toBe(
      'one\n… and 4 more there',
    );
    expect(fit(lines('x'.repeat(99)), 20).text).toBe('… and 1 more');
    fc.assert(
      fc.property(
        fc.array(fc.string({ maxLength: 30 })),
        fc.integer({ min: 20, max: 200 }),
        (texts, length) => {
          expect(fit(lines(...texts), length).text.length).toBeLessThanOrEqual(length);
        },
      ),
    );
  });
});
