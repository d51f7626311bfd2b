import { randomBytes } from 'node:crypto';
import type { z } from 'zod';
import { ApiError, refuseArguments } from './api-error.ts';
import { surfaces, type Surface } from './blocks.ts';

/** A block that passed the check: its ids are filled in, as Slack does. */
export interface Block {
  readonly type: string;
  readonly block_id: string;
  readonly [field: string]: unknown;
}

/** Over all blocks of a message; not documented by Slack, met by others in practice. */
const maxMessageCharacters = 13_000;

/**
 * Checks blocks as Slack does for a surface: kinds, fields, lengths, numbers, unique ids. Throws `invalid_blocks`
 * (`invalid_arguments` for views) with reasons and JSON pointers, `invalid_blocks_format`, `msg_blocks_too_long`.
 */
export function checkBlocks(given: unknown, surface: Surface): readonly Block[] {
  if (!Array.isArray(given)) throw new ApiError('invalid_blocks_format');
  const parsed = surfaces[surface].safeParse(given, { reportInput: true });
  const reasons = parsed.success ? duplicates(given) : parsed.error.issues.map(reasonOf);
  if (reasons.length > 0)
    refuseArguments(reasons, surface === 'message' ? 'invalid_blocks' : 'invalid_arguments');
  if (surface === 'message' && characters(given) > maxMessageCharacters)
    throw new ApiError('msg_blocks_too_long');
  return given.map(withIds);
}

function reasonOf(issue: z.core.$ZodIssue): string {
  const pointer = ['/blocks', ...issue.path].join('/');
  return `${wordsOf(issue)} [json-pointer:${pointer}]`;
}

function wordsOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'too_big':
      return issue.origin === 'array'
        ? `no more than ${issue.maximum} items allowed`
        : `must be less than ${Number(issue.maximum) + 1} characters`;
    case 'too_small':
      return issue.origin === 'array'
        ? `no less than ${issue.minimum} items allowed`
        : `must be more than ${Number(issue.minimum) - 1} characters`;
    case 'unrecognized_keys':
      return `invalid additional property: ${issue.keys.join(', ')}`;
    case 'invalid_union':
      return `unsupported type: ${String((issue.input as { type?: unknown } | undefined)?.type)}`;
    case 'invalid_type':
      return issue.input === undefined
        ? `missing required field: ${String(issue.path.at(-1))}`
        : `must provide a ${issue.expected}`;
    default:
      return issue.message;
  }
}

/** Block ids are unique in a message or view, action ids in a block. */
function duplicates(blocks: readonly Record<string, unknown>[]): string[] {
  const found: string[] = [];
  const blockIds = new Set<string | undefined>();
  for (const [at, block] of blocks.entries()) {
    const id = block['block_id'] as string | undefined;
    if (id !== undefined && blockIds.has(id))
      found.push(`block_id \`${id}\` already exists [json-pointer:/blocks/${at}/block_id]`);
    blockIds.add(id);
    const actions = elementsOf(block).map((element) => element.action_id);
    for (const [place, action] of actions.entries())
      if (action !== undefined && actions.indexOf(action) < place)
        found.push(
          `\`action_id\` ${action} already exists for another action element [json-pointer:/blocks/${at}/elements/${place}/action_id]`,
        );
  }
  return found;
}

/** An element that somebody can act on. */
export interface Element {
  readonly type: string;
  readonly action_id?: string;
  readonly [field: string]: unknown;
}

/** The elements of a block that can be acted on: of `actions`, an accessory, an input's element. */
export function elementsOf(block: Readonly<Record<string, unknown>>): readonly Element[] {
  if (block['type'] === 'actions') return block['elements'] as Element[];
  const single = block['type'] === 'input' ? block['element'] : block['accessory'];
  const element = single as Element | undefined;
  return element && element.type !== 'image' ? [element] : [];
}

function characters(value: unknown): number {
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + characters(item), 0);
  if (typeof value !== 'object' || value === null) return 0;
  return Object.entries(value).reduce(
    (sum, [key, item]) =>
      sum + (key === 'text' && typeof item === 'string' ? item.length : characters(item)),
    0,
  );
}

const shortId = (): string => randomBytes(4).toString('base64url').slice(0, 5);

function withIds(block: Record<string, unknown>): Block {
  const filled = { block_id: shortId(), ...block } as Block;
  const fill = (element: Element): Element =>
    element.type === 'image' ? element : { action_id: shortId(), ...element };
  if (block['type'] === 'actions')
    return { ...filled, elements: (block['elements'] as Element[]).map(fill) };
  if (block['type'] === 'input') return { ...filled, element: fill(block['element'] as Element) };
  if (block['accessory']) return { ...filled, accessory: fill(block['accessory'] as Element) };
  return filled;
}
