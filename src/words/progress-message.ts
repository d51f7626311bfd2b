import { say } from './messages.ts';
import { bytes, joined, words, type Mrkdwn } from './mrkdwn.ts';
import type { LayerProgress, Progress } from '../domain/push-progress.ts';
import type { Message } from '../domain/post.ts';

/** How far the artifact is read for the plan. */
export function readingProgress(read: number, size: number | undefined): Message {
  const of = size === undefined ? '' : ` of ${bytes(size)}`;
  const percent = size ? ` (${Math.min(100, Math.floor((100 * read) / size))} %)` : '';
  return say(words`*Reading and proving the artifact* ${bytes(read)}${of}${percent}`);
}

/** One line for the whole, one for each layer that has begun; the newest twelve where there are more. */
export function pushProgress(progress: Progress): Message {
  const { read, size, layers, step } = progress;
  const percent = size > 0 ? ` (${Math.min(100, Math.floor((100 * read) / size))} %)` : '';
  const head = words`*${stepWords[step]}* ${bytes(read)} of ${bytes(size)}${percent}`;
  const lines = layers.slice(-12).map(layerLine);
  return say(
    joined([head, ...lines], '\n'),
    words`${stepWords[step]} ${bytes(read)} of ${bytes(size)}`,
  );
}

const stepWords: Readonly<Record<Progress['step'], string>> = {
  download: 'Pushing',
  layer: 'Pushing',
  config: 'Pushing the config',
  manifest: 'Pushing the manifest',
  tag: 'Setting the tag',
  'read-back': 'Reading it back',
};

function layerLine({ layer, state, done, size, sent }: LayerProgress): Mrkdwn {
  const of = size === undefined ? '' : ` of ${bytes(size)}`;
  switch (state) {
    case 'sending':
      return words`• layer ${layer + 1}: ${bytes(done)}${of}, ${bytes(sent)} sent`;
    case 'sent':
      return words`• layer ${layer + 1}: sent, ${bytes(sent)}`;
    case 'present':
      return words`• layer ${layer + 1}: there already`;
    case 'mounted':
      return words`• layer ${layer + 1}: mounted from another repository`;
  }
}
