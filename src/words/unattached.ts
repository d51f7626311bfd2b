import { mrkdwn, preformatted } from './blocks.ts';
import type { Block, Message, Post } from '../domain/post.ts';
import { code, plainly, words } from './mrkdwn.ts';
import { isPlain } from '../domain/visible.ts';

/** Characters of a file that a message can show beside its own words: Slack takes about 13,000 in all. */
const longest = 8_000;
/** Characters of one block of it. */
const piece = 2_900;

/**
 * The message of a file that Slack will not have, with the file's text in it where that fits, and Slack's word for why.
 * A text that people would not see as it is, or that is too long, is not shown: then the message says what to do.
 */
export function inText(
  { name, content, message }: Extract<Post, { kind: 'file' }>,
  problem: string,
): Message {
  const why = words`:warning: ${code(name)} could not be attached: Slack says ${code(problem)}.`;
  const text = `${message.text} ${plainly(words`(could not be attached: ${problem})`)}`;
  const isShown = JSON.stringify(message.blocks).includes(JSON.stringify(content));
  if (isShown) return { ...message, text, blocks: withAnchorLast(message, [mrkdwn(why)]) };
  if (content.length <= longest && isPlain(content)) {
    const said = mrkdwn(words`${why} Here is its text.`);
    return { ...message, text, blocks: withAnchorLast(message, [said, ...pieces(content)]) };
  }
  const next = 'It is too long to stand here. When that is mended, ask for the same build again.';
  return { ...message, text, blocks: withAnchorLast(message, [mrkdwn(words`${why} ${next}`)]) };
}

/** The message's last block is the end of the audit log. */
function withAnchorLast({ blocks }: Message, more: readonly Block[]): readonly object[] {
  return [...blocks.slice(0, -1), ...more, ...blocks.slice(-1)];
}

/** Cut between lines, where lines are not longer than a block. */
function pieces(content: string): readonly Block[] {
  const cut: string[] = [''];
  for (const line of content.split(/(?<=\n)/).flatMap(short)) {
    const last = cut.length - 1;
    if ((cut[last] ?? '').length + line.length > piece) cut.push(line);
    else cut[last] += line;
  }
  return cut.map((text) => preformatted(text));
}

function short(line: string): readonly string[] {
  return line.match(new RegExp(`[^]{1,${piece}}`, 'g')) ?? [];
}
