import { act } from './server.js';

/** The boxes one types in: sending, examples, the hint for commands, and the lines typed before. */

const form = document.getElementById('composer');
const line = document.getElementById('line');
const hint = document.getElementById('hint');
const examples = document.getElementById('examples');
const typed = [];
let commands = [];
let recalled = 0;

/** Sets up the composer of the channel; `place` says who writes where. */
export function startComposer(place) {
  sendOnEnter(form, async (text) => {
    typed.push(text);
    recalled = typed.length;
    const { as, channel } = place();
    await act({ do: 'write', as, channel, text });
  });
  line.addEventListener('input', showHint);
  line.addEventListener('keydown', recall);
  examples.addEventListener('click', (event) => {
    const { example } = event.target.dataset;
    if (!example) return;
    line.value = example;
    line.focus();
    form.requestSubmit();
  });
  document.addEventListener('keydown', (event) => {
    const isTyping = event.target.closest('input, textarea, select, dialog');
    if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    line.focus();
    line.value = '/';
    showHint();
  });
}

/** Sets up the composer of the thread. */
export function startReplies(place) {
  sendOnEnter(document.getElementById('reply'), async (text) => {
    await act({ do: 'reply', text, ...place() });
  });
}

function sendOnEnter(target, send) {
  const box = target.elements.namedItem('line');
  box.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    target.requestSubmit();
  });
  target.addEventListener('submit', (event) => {
    event.preventDefault();
    const text = box.value.trim();
    if (!text) return;
    box.value = '';
    box.dispatchEvent(new Event('input'));
    void send(text);
  });
}

/** ArrowUp and ArrowDown bring earlier lines back. */
function recall(event) {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!step || line.value.includes('\n')) return;
  if (line.value !== '' && line.value !== typed[recalled]) return;
  recalled = Math.max(0, Math.min(typed.length, recalled + step));
  line.value = typed[recalled] ?? '';
  event.preventDefault();
}

/** Shows where one writes and what one could. */
export function showComposer({ channel, commands: known, home }) {
  form.hidden = home !== undefined;
  commands = known;
  line.placeholder = `Message ${channel.name}`;
  const lines = known.flatMap((command) => command.examples ?? []);
  if (examples.dataset.lines === JSON.stringify(lines)) return;
  examples.dataset.lines = JSON.stringify(lines);
  examples.replaceChildren(...lines.map(chip));
  showHint();
}

/** An example: what it is about, or the line itself without what all of them begin with. */
function chip(example) {
  const { line: whole, about } = typeof example === 'string' ? { line: example } : example;
  const button = document.createElement('button');
  button.type = 'button';
  button.className = about ? 'chip said' : 'chip';
  button.dataset.example = whole;
  button.title = whole;
  button.setAttribute('aria-label', about ? `${about}: ${whole}` : whole);
  button.textContent = about ?? shorten(whole);
  return button;
}

function shorten(whole) {
  const isOnly = commands.length === 1 && whole.includes(' ');
  const bare = isOnly ? whole.replace(`${commands[0].command} `, '') : whole;
  return bare.replaceAll(/\b([0-9a-f]{7})[0-9a-f]{33}\b/g, '$1…');
}

function showHint() {
  const word = line.value.split(/\s/)[0];
  const command = word.startsWith('/') && commands.find((known) => known.command.startsWith(word));
  hint.replaceChildren();
  if (!line.value && commands.length > 0) hint.textContent = 'Type / for commands';
  if (!command) return;
  const code = document.createElement('code');
  code.textContent = `${command.command} ${command.usage ?? ''}`.trim();
  hint.append(code, ` ${command.description ?? ''}`);
}
