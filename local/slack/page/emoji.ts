import { html, type Content, type Html } from './html.ts';
import { icon } from './icons.ts';

/** Signs with a drawing of ours, by Slack's short name. */
const drawn: Readonly<Record<string, string>> = {
  white_check_mark: 'check',
  heavy_check_mark: 'check',
  x: 'cross',
  no_entry: 'stop',
  no_entry_sign: 'stop',
  warning: 'warning',
  information_source: 'info',
  rotating_light: 'alarm',
  hourglass: 'clock',
  hourglass_flowing_sand: 'clock',
  alarm_clock: 'clock',
  stopwatch: 'clock',
  leftwards_arrow_with_hook: 'back',
  repeat: 'repeat',
  arrows_counterclockwise: 'repeat',
  mag: 'search',
  package: 'package',
  rocket: 'rocket',
  lock: 'lock',
  closed_lock_with_key: 'lock',
  key: 'key',
  eyes: 'eye',
  speech_balloon: 'bubble',
  bulb: 'bulb',
  tada: 'party',
  memo: 'page',
  scroll: 'page',
  clipboard: 'page',
  page_facing_up: 'page',
  link: 'link',
  bust_in_silhouette: 'person',
};

/** Signs that the fonts of most machines have. */
const written: Readonly<Record<string, string>> = {
  thumbsup: '👍',
  thumbsdown: '👎',
  '+1': '👍',
  '-1': '👎',
  heart: '❤',
  wave: '👋',
  robot_face: '🤖',
  gear: '⚙',
  wrench: '🔧',
  hammer_and_wrench: '🛠',
  label: '🏷',
  pushpin: '📌',
  whale: '🐳',
  ship: '🚢',
  docker: '🐳',
  fire: '🔥',
  bug: '🐛',
  shield: '🛡',
  zzz: '💤',
  arrow_right: '→',
  large_green_circle: '🟢',
  large_yellow_circle: '🟡',
  red_circle: '🔴',
  large_blue_circle: '🔵',
  white_circle: '⚪',
};

/** The sign with a short name; a name that nobody knows stays as it was written. */
export function sign(name: string): Html {
  const drawing = drawn[name];
  if (drawing) return icon(drawing, name.replaceAll('_', ' '));
  return html`${written[name] ?? `:${name}:`}`;
}

export const shortName = /:([a-z0-9_+-]+):/g;

/** A plain text with signs in the place of their short names. */
export function withSigns(text: string): Html {
  const parts = text.split(shortName);
  const shown = parts.map((part, index): Content => (index % 2 === 1 ? sign(part) : part));
  return html`${shown}`;
}
