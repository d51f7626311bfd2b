import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Bell } from '../../src/packing/bell.ts';
import { Window, type Room } from '../../src/registry/window.ts';

function room(each: number, all = each): Room {
  return { bell: new Bell(), each, all, used: 0 };
}

describe('what is kept of a blob', () => {
  it('is exactly what was added and not confirmed', async () => {
    const step = fc.record({
      add: fc.integer({ min: 0, max: 50 }),
      confirm: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const space = room(10_000);
        const window = new Window(space);
        let all = Buffer.alloc(0);
        for (const { add, confirm } of steps) {
          const piece = randomBytes(add);
          await window.add(piece);
          all = Buffer.concat([all, piece]);
          window.confirm(window.start + Math.floor((window.end - window.start) * confirm));
          const kept = Buffer.concat(Array.from(window.slice(window.end)));
          expect(kept.equals(all.subarray(window.start, window.end))).toBe(true);
          const half = window.upTo(Math.ceil((window.end - window.start) / 2));
          const some = Buffer.concat(Array.from(window.slice(half)));
          expect(some.equals(all.subarray(window.start, half))).toBe(true);
          expect(space.used).toBe(window.end - window.start);
        }
      }),
    );
  });

  it('makes whoever adds wait until there is room again', async () => {
    const window = new Window(room(100));
    await window.add(Buffer.alloc(100));
    let isAdded = false;
    const adding = window.add(Buffer.alloc(1)).then(() => (isAdded = true));
    await new Promise(setImmediate);
    expect(isAdded).toBe(false);
    window.confirm(50);
    await adding;
  });

  it('shares room with the other uploads', async () => {
    const shared = room(100, 150);
    const [one, two] = [new Window(shared), new Window(shared)];
    await one.add(Buffer.alloc(100));
    await two.add(Buffer.alloc(60));
    let isAdded = false;
    const adding = two.add(Buffer.alloc(1)).then(() => (isAdded = true));
    await new Promise(setImmediate);
    expect(isAdded).toBe(false);
    one.confirm(100);
    await adding;
  });

  it('is let go of when the upload fails, and whoever waits learns why', async () => {
    const shared = room(10, 10);
    const window = new Window(shared);
    await window.add(Buffer.alloc(10));
    const adding = window.add(Buffer.alloc(1));
    window.fail(new Error('the upload failed'));
    await expect(adding).rejects.toThrow('the upload failed');
    await expect(window.filled(1)).rejects.toThrow('the upload failed');
    expect(shared.used).toBe(0);
  });
});
