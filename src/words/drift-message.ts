import { actions, button, header, mrkdwn } from './blocks.ts';
import type { Block, Message } from '../domain/post.ts';
import type { Distance, Drift, DriftedPin, Newest, TreeDrift } from '../domain/drifted.ts';
import { isRefusal } from '../domain/errors.ts';
import {
  code,
  cut,
  explained,
  fit,
  joined,
  words,
  moment,
  plainly,
  short,
  type Mrkdwn,
} from './mrkdwn.ts';

/** How far images, tags and pins have drifted apart, with a button where there is something to promote. */
export function driftMessage(drifts: readonly Drift[]): Message {
  const lines = drifts.map((drift) => words`${drift.image}: ${plainVerdict(drift)}`);
  return { text: plainly(joined(lines, '\n')), blocks: drifts.flatMap(imageBlocks).slice(0, 45) };
}

function imageBlocks(drift: Drift): readonly Block[] {
  const { image, newest, published, trees } = drift;
  const lines = [
    words`*Newest trusted build* ${newestLine(newest)}`,
    words`*Newest published tag* ${publishedLine(published)}`,
    ...trees.flatMap(treeLines),
  ];
  return [header(`${image}: ${plainVerdict(drift)}`), mrkdwn(fit(lines, 2900)), ...nextMove(drift)];
}

/** Releases bring their own tags: whoever pins them gets the next one from the next release. */
const releasesPublish = words`Releases of its repository publish this image themselves, and their tags are not mine to set: a pin follows the next release.`;

/** The line that a click stands for: it publishes the newest build, or gives the patch where that is done. */
function nextMove({ image, newest, trees, byRelease }: Drift): readonly Block[] {
  if (byRelease) return [mrkdwn(releasesPublish)];
  if (isRefusal(newest) || isRefusal(newest.tagNow)) return [];
  const isPublished = newest.tagNow.state === 'published';
  if (isPublished && behind(trees).length === 0) return [];
  const label = isPublished ? 'Make the patch' : 'Promote';
  return [actions([button('promote', label, { value: `${image} ${newest.build.taskId}` })])];
}

function behind(trees: Drift['trees']): readonly DriftedPin[] {
  return pinsOf(trees).filter(({ standing }) => standing === 'behind');
}

function pinsOf(trees: Drift['trees']): readonly DriftedPin[] {
  return trees.flatMap(({ pins }) => (isRefusal(pins) ? [] : pins));
}

/** What is behind, in a few words. */
function plainVerdict({ newest, trees, byRelease }: Drift): string {
  if (byRelease) return pinsVerdict(trees);
  if (isRefusal(newest)) return 'no trusted build to compare with';
  if (isRefusal(newest.tagNow) || newest.tagNow.state === 'unseen')
    return 'the registry does not show what is published';
  if (newest.tagNow.state === 'free') return 'the newest build is not published';
  if (newest.tagNow.state === 'not-ours')
    return 'I did not publish what the newest build’s tag holds';
  return pinsVerdict(trees);
}

function pinsVerdict(trees: Drift['trees']): string {
  const old = behind(trees).length;
  if (old > 0) return `${old} of ${pinsOf(trees).length} pins ${old === 1 ? 'is' : 'are'} behind`;
  return trees.some((tree) => isRefusal(tree.pins)) ? 'not every tree could be read' : 'up to date';
}

function newestLine(newest: Drift['newest']): Mrkdwn {
  if (isRefusal(newest)) return explained(newest);
  const { build, target } = newest;
  return words`${code(build.taskId)} of ${code(short(build.revision))}, built ${moment(build.builtAt)}; ${code(cut(target.tag, 60))} is ${tagWords(newest)}`;
}

function tagWords({ tagNow }: Newest): Mrkdwn {
  if (isRefusal(tagNow)) return words`unknown: ${explained(tagNow)}`;
  if (tagNow.state === 'published') return words`published (${code(short(tagNow.digest))})`;
  if (tagNow.state === 'not-ours')
    return words`taken by what I did not publish (${code(short(tagNow.digest))}): whether it is this image a request would prove`;
  return tagNow.state === 'free' ? words`not published` : words`not visible without credentials`;
}

function publishedLine(published: Drift['published']): Mrkdwn {
  if (published === undefined) return words`none`;
  if (typeof published === 'string') return code(cut(published, 60));
  if (isRefusal(published)) return explained(published);
  return words`${published.of} tags, and nothing tells which is the newest: I published none of them, and their builds are gone`;
}

function treeLines({ source, pins }: TreeDrift): readonly Mrkdwn[] {
  if (isRefusal(pins)) return [words`• ${explained(pins)}`];
  if (pins.length === 0) return [words`• ${source} pins it nowhere`];
  return pins.map((pin) => {
    const short = pin.from.replaceAll(/[0-9a-f]{40,}/g, (hash) => `${hash.slice(0, 12)}…`);
    return words`${standingWords(pin)} ${code(`${cut(pin.path, 200)}:${pin.line}`)} ${code(cut(short, 200))}`;
  });
}

function standingWords(pin: DriftedPin): Mrkdwn {
  if (pin.standing === 'newest') return words`:white_check_mark: newest`;
  if (pin.standing === 'unknown') return words`:grey_question:`;
  if (pin.standing === 'moving') return words`:arrows_counterclockwise: follows a tag that moves`;
  return words`:small_orange_diamond: behind${pin.by ? ` by ${distanceWords(pin.by)}` : ''}`;
}

function distanceWords(distance: Distance): string {
  const [count, word] =
    'versions' in distance ? [distance.versions, 'version'] : [distance.days, 'day'];
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
