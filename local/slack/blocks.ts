import { z } from 'zod';
import {
  accessory,
  actionElement,
  anyText,
  contextElement,
  id,
  image,
  inputElement,
  plainText,
} from './block-elements.ts';

/** Block Kit's blocks with their published limits. Kinds that no bot of ours uses are known by name only. */

const block = { block_id: id.optional() };

const header = z.strictObject({
  type: z.literal('header'),
  ...block,
  text: plainText(150),
  level: z.int().optional(),
});

const section = z
  .strictObject({
    type: z.literal('section'),
    ...block,
    text: anyText(3000).optional(),
    fields: z.array(anyText(2000)).min(1).max(10).optional(),
    accessory: accessory.optional(),
    expand: z.boolean().optional(),
  })
  .refine((given) => given.text ?? given.fields, 'missing required field: text or fields');

const divider = z.strictObject({ type: z.literal('divider'), ...block });

const context = z.strictObject({
  type: z.literal('context'),
  ...block,
  elements: z.array(contextElement).min(1).max(10),
});

const actions = z.strictObject({
  type: z.literal('actions'),
  ...block,
  elements: z.array(actionElement).min(1).max(25),
});

const input = z.strictObject({
  type: z.literal('input'),
  ...block,
  label: plainText(2000),
  element: inputElement,
  hint: plainText(2000).optional(),
  optional: z.boolean().optional(),
  dispatch_action: z.boolean().optional(),
});

const imageBlock = image.extend({ ...block, title: plainText(2000).optional() });

const markdown = z.strictObject({
  type: z.literal('markdown'),
  ...block,
  text: z.string().min(1).max(12_000),
});

const style = z
  .strictObject({
    bold: z.boolean().optional(),
    italic: z.boolean().optional(),
    strike: z.boolean().optional(),
    code: z.boolean().optional(),
    underline: z.boolean().optional(),
  })
  .optional();

const inline = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text'), text: z.string().min(1), style }),
  z.strictObject({
    type: z.literal('link'),
    url: z.string().min(1),
    text: z.string().optional(),
    unsafe: z.boolean().optional(),
    style,
  }),
  z.strictObject({ type: z.literal('user'), user_id: z.string(), style }),
  z.strictObject({ type: z.literal('usergroup'), usergroup_id: z.string(), style }),
  z.strictObject({ type: z.literal('channel'), channel_id: z.string(), style }),
  z.strictObject({ type: z.literal('emoji'), name: z.string(), unicode: z.string().optional() }),
  z.strictObject({
    type: z.literal('date'),
    timestamp: z.int(),
    format: z.string(),
    url: z.string().optional(),
    fallback: z.string().optional(),
    style,
  }),
  z.strictObject({ type: z.literal('broadcast'), range: z.enum(['here', 'channel', 'everyone']) }),
]);

const line = { elements: z.array(inline), border: z.int().optional() };
const richSection = z.strictObject({
  type: z.literal('rich_text_section'),
  elements: z.array(inline),
});

const richText = z.strictObject({
  type: z.literal('rich_text'),
  ...block,
  elements: z.array(
    z.discriminatedUnion('type', [
      richSection,
      z.strictObject({
        type: z.literal('rich_text_preformatted'),
        ...line,
        language: z.string().optional(),
      }),
      z.strictObject({ type: z.literal('rich_text_quote'), ...line }),
      z.strictObject({
        type: z.literal('rich_text_list'),
        style: z.enum(['bullet', 'ordered']),
        elements: z.array(richSection),
        indent: z.int().optional(),
        offset: z.int().optional(),
        border: z.int().optional(),
      }),
    ]),
  ),
});

const cell = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('raw_text'), text: z.string() }),
  z.strictObject({ type: z.literal('raw_number'), value: z.number(), text: z.string().optional() }),
  richText,
]);

const table = z.strictObject({
  type: z.literal('table'),
  ...block,
  rows: z.array(z.array(cell).min(1).max(20)).min(1).max(100),
  column_settings: z.array(z.looseObject({})).max(20).optional(),
});

const alert = z.strictObject({
  type: z.literal('alert'),
  ...block,
  text: anyText(3000),
  level: z.enum(['default', 'info', 'warning', 'error', 'success']).optional(),
});

const byNameOnly = [
  'card',
  'carousel',
  'container',
  'context_actions',
  'data_table',
  'plan',
  'task_card',
  'video',
] as const;

const common = [
  header,
  section,
  divider,
  context,
  actions,
  input,
  imageBlock,
  richText,
  ...byNameOnly.map((type) => z.looseObject({ type: z.literal(type), ...block })),
] as const;

/** The blocks that a surface takes, and how many. */
export const surfaces = {
  message: z.array(z.discriminatedUnion('type', [...common, markdown, table])).max(50),
  modal: z
    .array(z.discriminatedUnion('type', [...common, alert]))
    .min(1)
    .max(100),
  home: z
    .array(z.discriminatedUnion('type', [...common]))
    .min(1)
    .max(100),
} as const;

export type Surface = keyof typeof surfaces;
