import { elementsOf, type Block, type Element } from './block-check.ts';
import type { StateValues } from './things.ts';

/** What a person entered: by block id or action id; texts, option values, or lists of them. */
export type Entries = Readonly<Record<string, string | readonly string[]>>;

interface Option {
  readonly value: string;
}

/** The state of a view's inputs as Slack sends it: what was entered, else what stood there at first. */
export function stateOf(blocks: readonly Block[], entries: Entries): StateValues {
  const values: Record<string, Record<string, object>> = {};
  for (const block of blocks)
    for (const element of elementsOf(block)) {
      if (element.type === 'button' || element.type === 'overflow') continue;
      const action = element.action_id ?? '';
      const entered = entries[action] ?? entries[block.block_id];
      values[block.block_id] = { ...values[block.block_id], [action]: valueOf(element, entered) };
    }
  return values;
}

/** An element's part of the state. */
export function valueOf(element: Element, entered: string | readonly string[] | undefined): object {
  const { type } = element;
  const single = Array.isArray(entered)
    ? (entered as string[])[0]
    : (entered as string | undefined);
  const options = (element['options'] ?? []) as readonly Option[];
  const chosen = options.filter(({ value }) => [entered].flat().includes(value));
  const initial = <T>(name: string, otherwise: T) => element[name] ?? otherwise;
  switch (type) {
    case 'static_select':
    case 'radio_buttons': {
      const option = entered === undefined ? initial('initial_option', null) : (chosen[0] ?? null);
      return { type, selected_option: option };
    }
    case 'multi_static_select':
    case 'checkboxes':
      return {
        type,
        selected_options: entered === undefined ? initial('initial_options', []) : chosen,
      };
    case 'users_select':
      return { type, selected_user: single ?? initial('initial_user', null) };
    case 'datepicker':
      return { type, selected_date: (single ?? initial('initial_date', '')) || null };
    default:
      return { type, value: (single ?? initial('initial_value', '')) || null };
  }
}

/** What Slack's own client complains about before it sends a form, by block id. */
export function incomplete(blocks: readonly Block[], values: StateValues): Record<string, string> {
  const problems: Record<string, string> = {};
  for (const block of blocks) {
    if (block.type !== 'input') continue;
    const element = block['element'] as Element;
    const state = values[block.block_id]?.[element.action_id ?? ''];
    const problem = complaint(element, enteredIn(state), block['optional'] === true);
    if (problem) problems[block.block_id] = problem;
  }
  return problems;
}

function enteredIn(state: object | undefined): unknown {
  const { type: _, ...rest } = (state ?? {}) as Record<string, unknown>;
  const value = Object.values(rest)[0];
  return Array.isArray(value) && value.length === 0 ? undefined : (value ?? undefined);
}

function complaint(element: Element, entered: unknown, isOptional: boolean): string | undefined {
  if (entered === undefined) return isOptional ? undefined : 'Please complete this required field.';
  if (typeof entered !== 'string') return undefined;
  const { min_length: min = 0, max_length: max = 3000 } = element as {
    min_length?: number;
    max_length?: number;
  };
  if (entered.length < min) return `Must be at least ${min} characters.`;
  if (entered.length > max) return `Must be no more than ${max} characters.`;
  return undefined;
}
