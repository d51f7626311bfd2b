import { expect, it } from 'vitest';
import { LeastRate } from '../../src/taskcluster/least-rate.ts';

const kibibyte = 1024;

/** Each piece: waited for so long, so many bytes, and then so long until the next one is wanted. */
type Piece = { readonly wait: number; readonly bytes: number; readonly busy?: number };

/** How many of the pieces are taken before it is too slow. */
function taken(pieces: readonly Piece[]): number {
  let now = 1000;
  const rate = new LeastRate(64 * kibibyte, () => now);
  for (const [index, { wait, bytes, busy = 0 }] of pieces.entries()) {
    rate.wait();
    now += wait;
    if (!rate.came(bytes)) return index;
    now += busy;
  }
  return pieces.length;
}

const many = (piece: Piece, count = 1000): readonly Piece[] =>
  Array.from({ length: count }, () => piece);

it('a byte every two seconds is given up after a minute', () => {
  expect(taken(many({ wait: 2000, bytes: 1 }))).toBe(29);
});

it('64 KiB a second go on for ever, a little less do not', () => {
  expect(taken(many({ wait: 1000, bytes: 64 * kibibyte }))).toBe(1000);
  expect(taken(many({ wait: 1000, bytes: 64 * kibibyte - 1 }))).toBe(59);
});

it('a pause within a minute that is made up for is no slowness', () => {
  const paused = [{ wait: 40_000, bytes: 0 }, ...many({ wait: 1000, bytes: 300 * kibibyte }, 60)];
  expect(taken(paused)).toBe(61);
});

it('what came early is not saved up for a source that goes silent later', () => {
  const early = many({ wait: 1000, bytes: 1000 * kibibyte }, 60);
  expect(taken([...early, ...many({ wait: 1000, bytes: 1 })])).toBe(119);
});

it('a wait longer than a minute is measured whole', () => {
  expect(taken([{ wait: 600_000, bytes: 60 * 64 * kibibyte }])).toBe(0);
});

it('a source that waits for whoever takes its bytes is not slow', () => {
  expect(taken(many({ wait: 1, bytes: 16 * kibibyte, busy: 60_000 }))).toBe(1000);
});
