import { describe, expect, it } from 'vitest';
import { ApiError } from '../../local/slack/api-error.ts';
import { checkBlocks } from '../../local/slack/block-check.ts';
import type { Surface } from '../../local/slack/blocks.ts';

const plain = (text: string) => ({ type: 'plain_text', text });
const mrkdwn = (text: string) => ({ type: 'mrkdwn', text });
const section = (text: string) => ({ type: 'section', text: mrkdwn(text) });
const button = (more: object = {}) => ({ type: 'button', text: plain('Go'), ...more });
const actions = (...elements: object[]) => ({ type: 'actions', elements });
const many = (count: number, make: (index: number) => object) =>
  Array.from({ length: count }, (_, index) => make(index));

function refusalOf(blocks: unknown, surface: Surface = 'message') {
  try {
    checkBlocks(blocks, surface);
    return undefined;
  } catch (error) {
    return error as ApiError;
  }
}

const tooLong: readonly (readonly [string, unknown])[] = [
  ['a section of 3,001 characters', [section('x'.repeat(3001))]],
  ['a field of 2,001 characters', [{ type: 'section', fields: [mrkdwn('x'.repeat(2001))] }]],
  ['a header of 151 characters', [{ type: 'header', text: plain('x'.repeat(151)) }]],
  ['a button of 76 characters', [actions(button({ text: plain('x'.repeat(76)) }))]],
  ['a button value of 2,001 characters', [actions(button({ value: 'x'.repeat(2001) }))]],
  ['an action id of 256 characters', [actions(button({ action_id: 'x'.repeat(256) }))]],
  ['a label of 76 characters', [actions(button({ accessibility_label: 'x'.repeat(76) }))]],
  ['markdown of 12,001 characters', [{ type: 'markdown', text: 'x'.repeat(12_001) }]],
  [
    'a confirm dialog of 301 characters',
    [
      actions(
        button({
          confirm: {
            title: plain('A'),
            text: plain('x'.repeat(301)),
            confirm: plain('A'),
            deny: plain('B'),
          },
        }),
      ),
    ],
  ],
];

const tooMany: readonly (readonly [string, unknown])[] = [
  ['51 blocks', many(51, () => ({ type: 'divider' }))],
  ['11 fields', [{ type: 'section', fields: many(11, () => mrkdwn('x')) }]],
  ['11 parts of a context', [{ type: 'context', elements: many(11, () => mrkdwn('x')) }]],
  ['26 buttons', [actions(...many(26, (index) => button({ action_id: `a${index}` })))]],
  ['an empty list of buttons', [actions()]],
];

const misshapen: readonly (readonly [string, unknown, RegExp])[] = [
  ['a kind that there is not', [{ type: 'nonsense' }], /unsupported type: nonsense/],
  ['a section of nothing', [{ type: 'section' }], /missing required field: text or fields/],
  ['a button without a text', [actions({ type: 'button' })], /missing required field: text/],
  [
    'a field that there is not',
    [{ type: 'divider', colour: 'red' }],
    /additional property: colour/,
  ],
  ['an empty text', [section('')], /must be more than 0 characters/],
  ['a header in mrkdwn', [{ type: 'header', text: mrkdwn('x') }], /type/],
  ['a style that there is not', [actions(button({ style: 'loud' }))], /style/],
  [
    'one action id twice in a block',
    [actions(button({ action_id: 'a' }), button({ action_id: 'a' }))],
    /`action_id` a already exists/,
  ],
  [
    'one block id twice',
    [
      { type: 'divider', block_id: 'a' },
      { type: 'divider', block_id: 'a' },
    ],
    /`a` already exists/,
  ],
  ['an alert in a message', [{ type: 'alert', text: plain('x') }], /unsupported type: alert/],
];

describe('blocks of a message', () => {
  it.each([...tooLong, ...tooMany])('are refused for %s', (_, blocks) => {
    expect(refusalOf(blocks)?.code).toBe('invalid_blocks');
  });

  it.each(misshapen)('are refused for %s, with the place and the reason', (_, blocks, reason) => {
    const refusal = refusalOf(blocks);
    expect(refusal?.code).toBe('invalid_blocks');
    const { errors } = (refusal ?? new ApiError('nothing')).details as { errors: string[] };
    expect(errors.join('\n')).toMatch(reason);
    expect(errors.join('\n')).toContain('[json-pointer:/blocks/');
  });

  it('are refused where they are no list', () => {
    expect(refusalOf({ type: 'divider' })?.code).toBe('invalid_blocks_format');
  });

  it('are refused where all their text together is too long', () => {
    const blocks = many(5, () => section('x'.repeat(2_900)));
    expect(refusalOf(blocks)?.code).toBe('msg_blocks_too_long');
  });

  it('are taken right at each limit', () => {
    const blocks = [
      section('x'.repeat(3000)),
      { type: 'header', text: plain('x'.repeat(150)) },
      actions(...many(25, (index) => button({ action_id: `a${index}`, value: 'x'.repeat(2000) }))),
      { type: 'rich_text', elements: [{ type: 'rich_text_section', elements: [] }] },
      ...many(46, () => ({ type: 'divider' })),
    ];
    expect(refusalOf(blocks)).toBeUndefined();
  });

  it('get ids where they have none', () => {
    const [block] = checkBlocks([actions(button())], 'message');
    expect(block?.block_id).toBeTruthy();
    expect(block?.['elements']).toMatchObject([{ action_id: expect.stringMatching(/./) }]);
  });
});

it('blocks of a modal may be an alert, but not markdown', () => {
  expect(refusalOf([{ type: 'alert', text: plain('x') }], 'modal')).toBeUndefined();
  expect(refusalOf([{ type: 'markdown', text: 'x' }], 'modal')?.code).toBe('invalid_arguments');
});
