import { showComposer, startComposer, startReplies } from './composer.js';
import { confirmed, showModal, viewOf } from './dialogs.js';
import { isAtEnd, patchHtml, patchList } from './lists.js';
import { act, readState, toast, watch } from './server.js';

/** One person at their Slack. Who, where and which thread stand in the address, so that each tab is somebody. */

const $ = (id) => document.getElementById(id);
const place = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
let state;
let isReading = false;
let isStale = false;

function go(change) {
  Object.assign(place, change);
  for (const [key, value] of Object.entries(place)) if (!value) delete place[key];
  history.replaceState(undefined, '', `#${new URLSearchParams(place)}`);
  void refresh();
}

/** Reads the state and draws it; changes that come meanwhile are drawn right after. */
async function refresh() {
  isStale = true;
  if (isReading) return;
  isReading = true;
  try {
    while (isStale) {
      isStale = false;
      const asked = JSON.stringify(place);
      const read = await readState(place);
      if (asked === JSON.stringify(place)) draw(read);
      else isStale = true;
    }
  } catch {
    $('offline').hidden = false;
  } finally {
    isReading = false;
  }
}

function draw(next) {
  const isElsewhere = state?.channel.id !== next.channel.id || state?.me.id !== next.me.id;
  state = next;
  document.title = `${next.channel.name} · ${next.team}`;
  $('team').textContent = next.team;
  $('app-name').textContent = `${next.app} · home`;
  $('channel-name').textContent = next.channel.name;
  $('channel-about').textContent = next.channel.about;
  patchHtml($('me'), next.me.html);
  $('me').setAttribute('aria-label', `You are ${next.me.name}. Choose somebody else`);
  patchHtml($('people'), next.people);
  patchHtml($('channels'), next.channels);
  if (next.home === undefined) $('home').removeAttribute('aria-current');
  else $('home').setAttribute('aria-current', 'page');
  drawMain(next, isElsewhere);
  drawThread(next.thread);
  showComposer(next);
  showModal(next.modal, next.me.id);
  markUnread();
}

function drawMain({ items, home }, isElsewhere) {
  const scroller = $('scroller');
  const stays = isAtEnd(scroller) || isElsewhere;
  patchList($('messages'), items);
  $('messages').hidden = home !== undefined;
  $('home-view').hidden = home === undefined;
  $('welcome').hidden = home !== undefined || items.length > 0;
  if (home !== undefined) patchHtml($('home-view'), home);
  if (stays && home === undefined) scroller.scrollTop = scroller.scrollHeight;
}

function drawThread(thread) {
  const panel = $('thread');
  const isNew = panel.hidden && thread !== undefined;
  panel.hidden = thread === undefined;
  document.body.classList.toggle('has-thread', thread !== undefined);
  if (!thread) return;
  const scroller = $('thread-scroller');
  const stays = isNew || isAtEnd(scroller);
  const replies = thread.items.length - 1;
  $('thread-about').textContent =
    `${state.channel.name} · ${replies} ${replies === 1 ? 'reply' : 'replies'}`;
  patchList($('replies'), thread.items);
  if (stays) scroller.scrollTop = scroller.scrollHeight;
  if (isNew) $('thread-title').focus();
}

/** What each person has seen, for as long as this tab lives: channels by their newest message, threads by number. */
function markUnread() {
  const seen = JSON.parse(sessionStorage.getItem(state.me.id) ?? '{}');
  if (state.thread) seen[state.thread.ts] = state.thread.items.length - 1;
  for (const button of document.querySelectorAll('#channels [data-channel]')) {
    const { channel, latest } = button.dataset;
    if (channel === state.channel.id) seen[channel] = latest;
    button.querySelector('.unread').hidden = Number(latest) <= Number(seen[channel] ?? 0);
  }
  for (const line of document.querySelectorAll('.thread-line')) {
    const news = Number(line.dataset.count) - (seen[line.dataset.thread] ?? 0);
    const badge = line.querySelector('.unread');
    badge.hidden = news <= 0;
    badge.textContent = `${news} new`;
  }
  sessionStorage.setItem(state.me.id, JSON.stringify(seen));
}

const phone = matchMedia('(width < 860px)');

/** On a phone the sidebar lies over everything else, which can't be reached meanwhile. */
function openSidebar(isOpen) {
  document.body.classList.toggle('has-sidebar', isOpen);
  for (const id of ['main', 'thread']) $(id).inert = isOpen && phone.matches;
}

phone.addEventListener('change', () => openSidebar(false));

/** What a click anywhere means, by the data of what was clicked. */
const clicks = {
  channel: ({ channel }) => {
    openSidebar(false);
    if (channel === 'home') void act({ do: 'home', as: state.me.id });
    go({ channel, thread: undefined });
  },
  person: ({ person }) => {
    openSidebar(false);
    go({ as: person });
    $('line').focus();
  },
  thread: ({ thread }) => go({ thread }),
  dismiss: ({ dismiss }) => void act({ do: 'dismiss', as: state.me.id, ts: dismiss }),
  copy: async ({ copy }) => {
    const response = await fetch(copy);
    await navigator.clipboard.writeText(await response.text());
    toast('Copied.');
  },
};

document.addEventListener('click', (event) => {
  for (const [name, run] of Object.entries(clicks)) {
    const target = event.target.closest(`button[data-${name}]`);
    if (target) return void run(target.dataset);
  }
  const button = event.target.closest(':is(button, a)[data-action]');
  if (button) void press(button);
  return undefined;
});

document.addEventListener('change', (event) => {
  const field = event.target.closest(':is(select, input)[data-action]');
  if (!field) return;
  const chosen = field.multiple
    ? [...field.selectedOptions].map(({ value }) => value)
    : field.value;
  void send(field, chosen);
});

async function press(button) {
  if (button.getAttribute('aria-busy') || !(await confirmed(button))) return;
  button.setAttribute('aria-busy', 'true');
  await send(button);
  button.removeAttribute('aria-busy');
}

async function send(element, chosen) {
  const { action, block } = element.dataset;
  const view = viewOf(element);
  const on = view ? { view } : element.closest('[data-ts]').dataset.ts;
  await act({ do: 'click', as: state.me.id, on, action, block, chosen });
}

$('me').addEventListener('click', () => {
  openSidebar(true);
  $('people').querySelector('[aria-pressed=true]')?.focus();
});
$('open-sidebar').addEventListener('click', () => {
  openSidebar(true);
  $('close-sidebar').focus();
});
$('close-sidebar').addEventListener('click', () => openSidebar(false));
$('close-thread').addEventListener('click', () => closeThread());
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || document.querySelector('dialog[open]')) return;
  if (document.body.classList.contains('has-sidebar')) openSidebar(false);
  else if (place.thread) closeThread();
});

function closeThread() {
  const { thread } = place;
  go({ thread: undefined });
  document.querySelector(`.thread-line[data-thread="${CSS.escape(thread)}"]`)?.focus();
}

startComposer(() => ({ as: state.me.id, channel: state.channel.id }));
startReplies(() => ({ as: state.me.id, channel: state.channel.id, thread: place.thread }));
watch({
  changed: () => void refresh(),
  connected: (isConnected) => {
    $('offline').hidden = isConnected;
  },
});
