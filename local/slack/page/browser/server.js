/** What the page asks of its server, and what it says when something went wrong. */

/** The state of the workspace as one person sees it. */
export async function readState(place) {
  const query = new URLSearchParams(
    Object.entries(place).filter(([, value]) => value !== undefined && value !== ''),
  );
  const response = await fetch(`/page/state?${query}`);
  return await response.json();
}

/** Does something as somebody; says so where it did not work. */
export async function act(what) {
  const response = await fetch('/page/act', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(what),
  });
  const answer = response.ok ? await response.json() : { error: await response.text() };
  if (answer.error) toast(wordsFor(answer.error, what));
  return answer;
}

function wordsFor(error, what) {
  if (error === 'operation_timeout') return 'The app did not answer within three seconds.';
  if (error === 'dispatch_failed') return 'The app is not connected. Is it running?';
  if (error === 'unknown_command') return `${what.text.split(' ')[0]} is not a command here.`;
  return `That did not work: ${error}`;
}

/** Shows a line for a while, and reads it out. */
export function toast(text) {
  const line = document.createElement('p');
  line.textContent = text;
  document.getElementById('toasts').append(line);
  setTimeout(() => line.remove(), 6000);
}

/** Calls back at every change, and when the connection comes and goes. */
export function watch({ changed, connected }) {
  const events = new EventSource('/page/events');
  events.addEventListener('message', changed);
  events.addEventListener('open', () => {
    connected(true);
    changed();
  });
  events.addEventListener('error', () => connected(false));
}
