import { actions, button, header, mrkdwn, type Block } from './blocks.ts';
import type { Drift, Newest, TreeDrift } from './drift.ts';
import { explain, isRefusal } from './errors.ts';
import { code, cut, escape, moment, short } from './mrkdwn.ts';
import type { Message } from './ports.ts';

/** How far images, tags and pins have drifted apart, with a button where there is something to promote. */
export function driftMessage(drifts: readonly Drift[]): Message {
  const text = drifts.map((drift) => `${drift.image}: ${plainVerdict(drift)}`).join('\n');
  return { text, blocks: drifts.flatMap(imageBlocks).slice(0, 45) };
}

function imageBlocks(drift: Drift): readonly Block[] {
  const { image, newest, published, trees } = drift;
  const lines = [
    `*Newest trusted build* ${newestLine(newest)}`,
    `*Newest published tag* ${publishedLine(published)}`,
    ...trees.flatMap(treeLines),
  ];
  const value = isRefusal(newest) ? '' : `${image} ${newest.build.taskId}`;
  const mayPromote = !isRefusal(newest) && newest.tagNow.state === 'free';
  return [
    header(`${image}: ${plainVerdict(drift)}`),
    mrkdwn(cut(lines.join('\n'), 2900)),
    ...(mayPromote ? [actions([button('promote', 'Promote', { value })])] : []),
  ];
}

/** What is behind, in a few words. */
function plainVerdict({ newest, trees }: Drift): string {
  if (isRefusal(newest)) return 'no trusted build to compare with';
  if (newest.tagNow.state !== 'holds') return 'the newest build is not published';
  const pins = trees.flatMap((tree) => (isRefusal(tree.pins) ? [] : tree.pins));
  const behind = pins.filter(({ isBehind }) => isBehind).length;
  if (behind > 0) return `${behind} of ${pins.length} pins are behind`;
  return trees.some((tree) => isRefusal(tree.pins)) ? 'not every tree could be read' : 'up to date';
}

function newestLine(newest: Drift['newest']): string {
  if (isRefusal(newest)) return explain(newest, escape);
  const { build, target } = newest;
  return `${code(build.taskId)} of ${code(short(build.revision))}, built ${moment(build.builtAt)}; ${code(cut(target.tag, 60))} is ${tagWords(newest)}`;
}

function tagWords({ tagNow }: Newest): string {
  if (tagNow.state === 'holds') return `published (${code(short(tagNow.digest))})`;
  return tagNow.state === 'free' ? 'not published' : 'not visible without credentials';
}

function publishedLine(published: Drift['published']): string {
  if (published === undefined) return 'none';
  return isRefusal(published) ? explain(published, escape) : code(cut(published, 60));
}

function treeLines({ source, pins }: TreeDrift): readonly string[] {
  if (isRefusal(pins)) return [`• ${explain(pins, escape)}`];
  if (pins.length === 0) return [`• ${escape(source)} pins it nowhere`];
  return pins.map(({ path, line, from, isBehind }) => {
    const short = from.replaceAll(/[0-9a-f]{40,}/g, (hash) => `${hash.slice(0, 12)}…`);
    return `${isBehind ? ':small_orange_diamond: behind' : ':white_check_mark: newest'} ${code(`${path}:${line}`)} ${code(short)}`;
  });
}
