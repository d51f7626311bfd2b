import { z } from 'zod';

/** Text objects, elements and dialogs of Block Kit with their published limits. */

export const plainText = (max: number) =>
  z.strictObject({
    type: z.literal('plain_text'),
    text: z.string().min(1).max(max),
    emoji: z.boolean().optional(),
  });

const mrkdwn = (max: number) =>
  z.strictObject({
    type: z.literal('mrkdwn'),
    text: z.string().min(1).max(max),
    verbatim: z.boolean().optional(),
  });

export const anyText = (max: number) => z.discriminatedUnion('type', [plainText(max), mrkdwn(max)]);

export const id = z.string().min(1).max(255);
const httpUrl = z.string().max(3000);

const confirm = z.strictObject({
  title: plainText(100),
  text: anyText(300),
  confirm: plainText(30),
  deny: plainText(30),
  style: z.enum(['primary', 'danger']).optional(),
});

const option = z.strictObject({
  text: anyText(75),
  value: z.string().max(150),
  description: anyText(75).optional(),
});

const action = { action_id: id.optional(), confirm: confirm.optional() };
const focus = { focus_on_load: z.boolean().optional() };
const placeholder = { placeholder: plainText(150).optional() };

const button = z.strictObject({
  type: z.literal('button'),
  ...action,
  text: plainText(75),
  url: httpUrl.optional(),
  value: z.string().max(2000).optional(),
  style: z.enum(['primary', 'danger']).optional(),
  accessibility_label: z.string().max(75).optional(),
});

const staticSelect = z.strictObject({
  type: z.literal('static_select'),
  ...action,
  ...focus,
  ...placeholder,
  options: z.array(option).min(1).max(100),
  initial_option: option.optional(),
});

const multiStaticSelect = z.strictObject({
  type: z.literal('multi_static_select'),
  ...action,
  ...focus,
  ...placeholder,
  options: z.array(option).min(1).max(100),
  initial_options: z.array(option).optional(),
  max_selected_items: z.int().min(1).optional(),
});

const usersSelect = z.strictObject({
  type: z.literal('users_select'),
  ...action,
  ...focus,
  ...placeholder,
  initial_user: z.string().optional(),
});

const overflow = z.strictObject({
  type: z.literal('overflow'),
  ...action,
  options: z
    .array(option.extend({ url: httpUrl.optional() }))
    .min(1)
    .max(5),
});

const radioButtons = z.strictObject({
  type: z.literal('radio_buttons'),
  ...action,
  ...focus,
  options: z.array(option).min(1).max(10),
  initial_option: option.optional(),
});

const checkboxes = z.strictObject({
  type: z.literal('checkboxes'),
  ...action,
  ...focus,
  options: z.array(option).min(1).max(10),
  initial_options: z.array(option).min(1).optional(),
});

const datepicker = z.strictObject({
  type: z.literal('datepicker'),
  ...action,
  ...focus,
  ...placeholder,
  initial_date: z.iso.date().optional(),
});

const typed = {
  action_id: id.optional(),
  ...focus,
  ...placeholder,
  initial_value: z.string().optional(),
  dispatch_action_config: z.looseObject({}).optional(),
};

const plainTextInput = z.strictObject({
  type: z.literal('plain_text_input'),
  ...typed,
  multiline: z.boolean().optional(),
  min_length: z.int().min(0).max(3000).optional(),
  max_length: z.int().min(1).max(3000).optional(),
});

const numberInput = z.strictObject({
  type: z.literal('number_input'),
  ...typed,
  is_decimal_allowed: z.boolean(),
  min_value: z.string().optional(),
  max_value: z.string().optional(),
});

const urlInput = z.strictObject({ type: z.literal('url_text_input'), ...typed });
const emailInput = z.strictObject({ type: z.literal('email_text_input'), ...typed });

export const image = z.strictObject({
  type: z.literal('image'),
  alt_text: z.string().max(2000),
  image_url: httpUrl.optional(),
  slack_file: z.looseObject({}).optional(),
});

const interactive = [
  button,
  staticSelect,
  multiStaticSelect,
  usersSelect,
  overflow,
  radioButtons,
  checkboxes,
  datepicker,
] as const;

export const actionElement = z.discriminatedUnion('type', interactive);
export const accessory = z.discriminatedUnion('type', [...interactive, image]);
export const contextElement = z.discriminatedUnion('type', [plainText(2000), mrkdwn(2000), image]);
export const inputElement = z.discriminatedUnion('type', [
  plainTextInput,
  numberInput,
  urlInput,
  emailInput,
  staticSelect,
  multiStaticSelect,
  usersSelect,
  radioButtons,
  checkboxes,
  datepicker,
]);
