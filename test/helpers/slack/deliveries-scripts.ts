import { people } from '../../../local/rig/people.ts';
import type { Script } from './deliveries-world.ts';

const { alice, bob, carol, dora, alicePlus, gus, nobody } = people;

/** What people do about a request. Whatever the order of the deliveries that are under way at once: one end. */
export const scripts: Readonly<Record<string, Script>> = {
  'asked and approved': async (request) => {
    await request.ask(alice);
    await request.until('pending');
    await request.click(bob, 'approve');
    await request.until('reported');
  },
  'asked in the form': async (request) => {
    await request.ask(dora, '');
    const id = await request.emptyForm(dora);
    const entries = { image: 'build-decision', build: request.revision, because: 'of the form' };
    await request.as(dora).submit(id, { ...entries, bug: 'nonsense' });
    await request.as(dora).submit(id, { ...entries, bug: '12' });
    await request.until('pending');
    await request.click(bob, 'approve');
    await request.until('reported');
  },
  'rejected with a reason': async (request) => {
    await request.ask(alice);
    await request.until('pending');
    await request.click(carol, 'reject');
    const form = await request.form(carol);
    await request.as(carol).submit(form, { why: 'not before the release' });
    await request.until('rejected');
  },
  'withdrawn by the button': async (request) => {
    await request.ask(alice);
    await request.until('pending');
    await request.click(alice, 'withdraw');
    await request.until('withdrawn');
  },
  'withdrawn by a line': async (request) => {
    await request.ask(bob);
    await request.until('pending');
    const [{ id } = { id: '' }] = await request.promotions();
    await request.ask(carol, `withdraw ${id}`);
    await request.ask(bob, `withdraw ${id}`);
    await request.until('withdrawn');
  },
  'approved by everybody who may not, and then by somebody who may': async (request) => {
    await request.ask(alice);
    await request.until('pending');
    await Promise.all(
      [alice, alicePlus, gus, nobody].map((user) => request.click(user, 'approve')),
    );
    await request.click(carol, 'approve');
    await request.until('reported');
  },
  'failed, and tried again': async (request) => {
    request.failOnce();
    await request.ask(alice);
    await request.until('pending');
    await request.click(bob, 'approve');
    await request.until('failed');
    await request.click(alice, 'retry');
    await request.until('reported');
  },
  'clicked on as it stood before': async (request) => {
    await request.ask(alice);
    await request.until('pending');
    const before = await request.button('approve');
    await request.click(bob, 'approve');
    await request.until('reported');
    await request.click(carol, 'approve', before);
    await request.click(carol, 'reject', before);
    await request.click(alice, 'withdraw', before);
  },
  'typed twice': async (request) => {
    await Promise.all([request.ask(alice), request.ask(alice)]);
    await request.until('pending', 'refused');
    await request.click(bob, 'approve');
    await request.until('reported', 'refused');
  },
  'typed wrong': async (request) => {
    await request.ask(alice, 'build-decisions latest');
    await request.ask(alice);
    await request.until('pending');
    await request.click(bob, 'approve');
    await request.until('reported');
  },
};
