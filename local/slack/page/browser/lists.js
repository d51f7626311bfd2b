/** Lists whose parts come as HTML from the server: only what differs is touched, and the focus stays where it was. */

const drawn = new WeakMap();

/** Makes `list` hold exactly `items`, in their order. Returns whether anything was added. */
export function patchList(list, items) {
  const before = new Map([...list.children].map((child) => [child.dataset.key, child]));
  const keys = new Set(items.map((item) => item.key));
  let isGrown = false;
  for (const [key, child] of before) if (!keys.has(key)) child.remove();
  let place = list.firstElementChild;
  for (const item of items) {
    const existing = before.get(item.key);
    const node = existing && drawn.get(existing) === item.html ? existing : draw(item);
    if (existing && node !== existing) replace(existing, node);
    else if (!existing) {
      list.insertBefore(node, place);
      isGrown = true;
    }
    place = node.nextElementSibling;
  }
  return isGrown;
}

function draw({ key, html }) {
  const template = document.createElement('template');
  template.innerHTML = html;
  const node = template.content.firstElementChild;
  node.dataset.key = key;
  drawn.set(node, html);
  return node;
}

/** The element that had the focus has a twin in the new one: by its action, its thread, or its place. */
function replace(existing, node) {
  const focused = existing.contains(document.activeElement) ? document.activeElement : undefined;
  const open = [...existing.querySelectorAll('details[open]')].length;
  existing.replaceWith(node);
  for (const details of [...node.querySelectorAll('details')].slice(0, open)) details.open = true;
  if (focused) twinOf(focused, node)?.focus({ preventScroll: true });
}

function twinOf(element, within) {
  for (const name of ['action', 'thread', 'copy', 'dismiss']) {
    const value = element.dataset[name];
    if (value) return within.querySelector(`[data-${name}="${CSS.escape(value)}"]`);
  }
  return undefined;
}

/** Puts HTML into an element where it differs from what was put there last. Returns whether it did. */
export function patchHtml(element, html) {
  if (drawn.get(element) === html) return false;
  drawn.set(element, html);
  const focused = element.contains(document.activeElement) ? document.activeElement.dataset : {};
  element.innerHTML = html;
  for (const [name, value] of Object.entries(focused)) {
    const selector = `[data-${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}="${CSS.escape(value)}"]`;
    const twin = element.querySelector(selector);
    if (!twin) continue;
    twin.focus({ preventScroll: true });
    break;
  }
  return true;
}

/** Whether a scroller stands at its end, give or take a line. */
export const isAtEnd = (scroller) =>
  scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 60;
