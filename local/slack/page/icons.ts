import { Html, html } from './html.ts';

/**
 * Drawings for the signs that bots of our kind use, so that the page looks the same on machines without an emoji font.
 * Each is the inside of a 24 × 24 SVG; `currentColor` is what its class in the style sheet says.
 */
const drawings: Readonly<Record<string, readonly [look: string, inside: string]>> = {
  check: ['good', '<circle cx="12" cy="12" r="10" class="disc"/><path d="m7.5 12.5 3 3 6-6.5"/>'],
  cross: ['bad', '<circle cx="12" cy="12" r="10" class="disc"/><path d="m8.5 8.5 7 7m0-7-7 7"/>'],
  stop: ['bad', '<circle cx="12" cy="12" r="10" class="disc"/><path d="M7 12h10"/>'],
  warning: [
    'warm',
    '<path class="disc" d="M12 2.5 22.5 21h-21z" stroke-linejoin="round"/><path d="M12 9.5v5m0 3v.1"/>',
  ],
  info: ['calm', '<circle cx="12" cy="12" r="10" class="disc"/><path d="M12 11v6m0-10v.1"/>'],
  alarm: [
    'bad',
    '<path d="M6 18v-5a6 6 0 0 1 12 0v5M4 21h16M12 2v2M4 6 2.5 4.5M20 6l1.5-1.5M12 12v3"/>',
  ],
  clock: ['quiet', '<circle cx="12" cy="12" r="9"/><path d="M12 6.5V12l3.5 2.5"/>'],
  back: ['calm', '<path d="M9 6 4 11l5 5M4.5 11H15a5 5 0 0 1 0 10h-3" />'],
  repeat: [
    'calm',
    '<path d="M4 11a8 8 0 0 1 14-5l2 2m0-5v5h-5M20 13a8 8 0 0 1-14 5l-2-2m0 5v-5h5"/>',
  ],
  search: ['calm', '<circle cx="10.5" cy="10.5" r="6.5"/><path d="m15.5 15.5 6 6"/>'],
  package: [
    'wood',
    '<path d="m12 2.5 9 4.7v9.6l-9 4.7-9-4.7V7.2zM3 7.2l9 4.8 9-4.8M12 12v9.5M7.5 4.9l9 4.7"/>',
  ],
  rocket: [
    'accent',
    '<path d="M9 15c-.5-5 3-11 11.5-11.5C20 12 14 15.5 9 15zM9 15l-3-1 3-5m0 6 1 3 5-3M6 17c-1.5.5-2.5 2-2.5 4 2 0 3.5-1 4-2.5"/><circle cx="14.5" cy="9.5" r="1.5"/>',
  ],
  lock: [
    'warm',
    '<rect x="4.5" y="10.5" width="15" height="10.5" rx="2"/><path d="M8 10.5V7a4 4 0 0 1 8 0v3.5"/>',
  ],
  key: ['warm', '<circle cx="7.5" cy="15.5" r="4.5"/><path d="m11 12 9-9m-4 4 3 3"/>'],
  eye: [
    'quiet',
    '<path d="M2 12s3.5-7 10-7 10 7 10 7-3.5 7-10 7-10-7-10-7z"/><circle cx="12" cy="12" r="3"/>',
  ],
  bubble: ['quiet', '<path d="M21 12a8 8 0 0 1-8 8H4l2-3.5A8 8 0 1 1 21 12z"/>'],
  bulb: [
    'warm',
    '<path d="M9 18h6m-5 3h4M8.5 15a6.5 6.5 0 1 1 7 0c-.7.6-1 1.2-1 2h-5c0-.8-.3-1.4-1-2z"/>',
  ],
  party: [
    'accent',
    '<path d="m3 21 5.5-14 8.5 8.5zM14 7c1-1 1-2.5 0-4m3 8c2-1 3-1 5 0M18 6l2-2"/>',
  ],
  page: ['quiet', '<path d="M6 2.5h8l5 5v14H6zM14 2.5v5h5M9 12h7m-7 4h7"/>'],
  link: [
    'calm',
    '<path d="M10 14a4 4 0 0 0 6 .5l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6-.5l-3 3a4 4 0 0 0 6 6l1-1"/>',
  ],
  person: [
    'quiet',
    '<circle cx="12" cy="8" r="4.5"/><path d="M3.5 21c1-4.5 4.5-6.5 8.5-6.5s7.5 2 8.5 6.5"/>',
  ],
};

/** A drawing by name, with a word for those who can't see it; without one it is ornament. */
export function icon(name: string, label?: string): Html {
  const [look, inside] = drawings[name] ?? ['quiet', ''];
  const role = label ? html`role="img" aria-label="${label}"` : html`aria-hidden="true"`;
  return html`<svg class="sign ${look}" viewBox="0 0 24 24" ${role}>${new Html(inside)}</svg>`;
}
