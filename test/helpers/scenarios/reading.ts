import type { Message } from '../../../local/slack/things.ts';

/** What a person reads of a message: every text of its blocks in reading order, or its plain text where it has none. */
export function reads({ text, blocks = [], files = [] }: Message): string {
  const shown = [...textsOf(blocks), ...files.map(({ name }) => `[file ${name}]`)];
  return (shown.length > 0 ? shown : [text]).join('\n');
}

/** Labels of the buttons on a message. */
export function buttons({ blocks = [] }: Message): readonly string[] {
  return (blocks as readonly unknown[] as Node[])
    .filter(({ type }) => type === 'actions')
    .flatMap(({ elements = [] }) => elements as Node[])
    .map(({ action_id: action }) => String(action));
}

interface Node {
  readonly type?: string;
  readonly action_id?: string;
  readonly text?: unknown;
  readonly fields?: readonly unknown[];
  readonly elements?: readonly unknown[];
}

function textsOf(nodes: readonly unknown[]): readonly string[] {
  return nodes.flatMap((node): readonly string[] => {
    const { type, text, fields = [], elements = [] } = node as Node;
    if (type === 'actions') return [];
    const own = typeof text === 'string' ? [text] : text === undefined ? [] : textsOf([text]);
    return [...own, ...textsOf(fields), ...textsOf(elements)];
  });
}
