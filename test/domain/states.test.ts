import { expect, it } from 'vitest';
import { hasWork, holdsTarget, open, over, states, statesThat } from '../../src/domain/states.ts';

it('each state is open or over', () => {
  expect([...open, ...over].toSorted()).toEqual([...states].toSorted());
});

it('what the bot has work with, what holds a target and what can be taken back is open', () => {
  for (const list of [hasWork, holdsTarget, statesThat('can be taken back')]) {
    expect(list.filter((state) => !open.includes(state))).toEqual([]);
  }
});

it('what is over is told as done', () => {
  expect(over.filter((state) => !statesThat('done').includes(state))).toEqual([]);
});

it('what holds a target takes its requester’s room', () => {
  const room = statesThat('takes room');
  expect(holdsTarget.filter((state) => !room.includes(state))).toEqual([]);
});
