import { act } from './server.js';

/** Modals of the app, and the dialogs that ask before a button does what it says. */

const modal = document.getElementById('modal');
const confirmation = document.getElementById('confirm');
let shown;

/** Shows the modal that the person has open, or none. What was typed stays when the app changes the modal. */
export function showModal(view, as) {
  if (!view) {
    shown = undefined;
    if (modal.open) modal.close();
    return;
  }
  if (shown?.id === view.id && shown.hash === view.hash) return;
  const typed = shown?.id === view.id ? entriesOf(modal.querySelector('form')) : {};
  shown = { ...view, as };
  modal.innerHTML = view.html;
  fill(modal.querySelector('form'), typed);
  if (!modal.open) modal.showModal();
  (modal.querySelector('[autofocus]') ?? firstField(modal))?.focus();
}

const firstField = (within) =>
  within.querySelector('.modal-body :is(input, textarea, select), footer .button');

/** What a form holds, by block. */
function entriesOf(form) {
  const entries = {};
  for (const [name, value] of new FormData(form)) {
    const field = form.elements.namedItem(name);
    const isMany = field instanceof RadioNodeList || field.multiple || field.type === 'checkbox';
    entries[name] = isMany ? [...(entries[name] ?? []), value] : value;
  }
  return entries;
}

function fill(form, entries) {
  for (const [name, value] of Object.entries(entries)) {
    const field = form.elements.namedItem(name);
    if (field && typeof value === 'string' && 'value' in field) field.value = value;
  }
}

modal.addEventListener('submit', (event) => {
  event.preventDefault();
  void submitForm(event.target);
});

async function submitForm(form) {
  const submit = form.querySelector('[type=submit]');
  submit.setAttribute('aria-busy', 'true');
  const { id: view, as } = shown;
  const answer = await act({ do: 'submit', as, view, entries: entriesOf(form) });
  submit.removeAttribute('aria-busy');
  showProblems(form, answer.problems ?? {});
}

function showProblems(form, problems) {
  for (const block of form.querySelectorAll('[data-input]')) {
    const problem = problems[block.dataset.input];
    const field = block.querySelector('input, textarea, select');
    block.querySelector('.problem').textContent = problem ?? '';
    if (problem) field.setAttribute('aria-invalid', 'true');
    else field.removeAttribute('aria-invalid');
  }
  form.querySelector('[aria-invalid]')?.focus();
}

modal.addEventListener('click', (event) => {
  if (event.target.closest('[data-close-view]')) closeModal();
});

modal.addEventListener('cancel', (event) => {
  event.preventDefault();
  closeModal();
});

function closeModal() {
  const { id: view, as } = shown;
  void act({ do: 'close', as, view });
}

/** The view that an element stands in, if it does. */
export const viewOf = (element) =>
  element.closest('form[data-view]')?.dataset.view ?? element.closest('[data-home]')?.dataset.home;

/** Asks what a button's own dialog asks; without one the answer is yes. */
export async function confirmed(button) {
  const template = button.nextElementSibling;
  if (!template?.matches('template[data-confirm]')) return true;
  const form = document.createElement('form');
  form.method = 'dialog';
  form.append(template.content.cloneNode(true));
  confirmation.replaceChildren(form);
  confirmation.returnValue = 'no';
  confirmation.showModal();
  confirmation.querySelector('[value=yes]').focus();
  await new Promise((resolve) => confirmation.addEventListener('close', resolve, { once: true }));
  return confirmation.returnValue === 'yes';
}
