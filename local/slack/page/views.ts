import type { View } from '../things.ts';
import { blocks } from './blocks.ts';
import { plain, words } from './elements.ts';
import { html, type Html } from './html.ts';
import type { Reader } from './mrkdwn.ts';

/** A modal's inside: title, fields, buttons. */
export function modal(view: View, reader: Reader, appName: string): Html {
  const isForm = view.blocks.some(({ type }) => type === 'input') || Boolean(view.submit);
  return html`<form method="dialog" data-view="${view.id}" novalidate>
    <header>
      <span class="avatar bot" aria-hidden="true">⬢</span>
      <h2 id="modal-title">${words(view.title)}<small>${appName}</small></h2>
      <button type="button" class="icon" data-close-view aria-label="Close">✕</button>
    </header>
    <div class="modal-body blocks">${blocks(view.blocks, reader)}</div>
    <footer>
      <button type="button" class="button plain" data-close-view>
        ${view.close ? plain(view.close) : isForm ? 'Cancel' : 'Close'}
      </button>
      ${isForm && html`<button type="submit" class="button primary">${plain(view.submit) || 'Submit'}</button>`}
    </footer>
  </form>`;
}

/** The App Home tab, or what stands there until the app publishes one. */
export function home(view: View | undefined, reader: Reader, appName: string): Html {
  if (!view)
    return html`<div class="empty">
      <p class="empty-mark" aria-hidden="true">⬢</p>
      <h2>${appName}</h2>
      <p>The app has not drawn its home for you yet.</p>
    </div>`;
  return html`<div class="blocks home" data-home="${view.id}">${blocks(view.blocks, reader)}</div>`;
}
