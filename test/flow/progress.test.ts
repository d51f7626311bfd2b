import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { genesis } from '../../src/domain/audit.ts';
import type { Progress } from '../../src/domain/push-progress.ts';
import type { Post } from '../../src/domain/post.ts';
import type { Outbox } from '../../src/store-port.ts';
import { showPush, showReading } from '../../src/flow/progress.ts';

const posts: { readonly at: number; readonly post: Post }[] = [];
const outbox = {
  add: async (_: string, post: (head: typeof genesis) => Post) => {
    posts.push({ at: Date.now(), post: post(genesis) });
  },
} as Pick<Outbox, 'add'> as Outbox;

beforeEach(() => {
  vi.useFakeTimers();
  posts.length = 0;
});
afterEach(() => vi.useRealTimers());

function progress(read: number, step: Progress['step'] = 'layer'): Progress {
  return { step, read, size: 1000, layers: [] };
}

it('shows a push at most once a second, and its last state for certain', async () => {
  const show = showPush({ promotion: 'p', outbox, log: () => undefined });
  for (let at = 0; at <= 50; at += 1) {
    show(progress(at * 20, at < 40 ? 'layer' : 'manifest'));
    await vi.advanceTimersByTimeAsync(100);
  }
  await vi.advanceTimersByTimeAsync(5000);
  const gaps = posts.slice(1).map(({ at }, index) => at - (posts[index]?.at ?? 0));
  expect(posts.length).toBeGreaterThan(4);
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(1000);
  const last = posts.at(-1)?.post;
  expect(last).toMatchObject({ kind: 'slot', slot: 'push' });
  expect(last?.message.text).toContain('1.0 kB of 1.0 kB');
});

it('tells of reading an artifact only where it takes time', async () => {
  async function* slowly(chunks: number, pause: number) {
    for (let at = 0; at < chunks; at += 1) {
      await new Promise((resolve) => setTimeout(resolve, pause));
      yield new Uint8Array(10);
    }
  }
  const read = async (chunks: number, pause: number): Promise<number> => {
    let bytes = 0;
    for await (const chunk of showReading({ promotion: 'p', outbox, log: () => undefined })(
      slowly(chunks, pause),
      100,
    ))
      bytes += chunk.length;
    return bytes;
  };
  const quick = read(10, 10);
  await vi.advanceTimersByTimeAsync(1000);
  expect(await quick).toBe(100);
  expect(posts).toEqual([]);
  const slow = read(10, 1000);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(await slow).toBe(100);
  expect(posts.at(-1)?.post).toMatchObject({ slot: 'read' });
  expect(posts.at(-1)?.post.message.text).toContain('(100 %)');
});

it('says in the log what it could not show, and goes on', async () => {
  const log = vi.fn();
  const failing = { add: () => Promise.reject(new Error('the disk is full')) };
  const show = showPush({ promotion: 'p', outbox: failing as unknown as Outbox, log });
  show(progress(20));
  await vi.advanceTimersByTimeAsync(0);
  expect(log).toHaveBeenCalledWith(
    'warn',
    expect.any(String),
    expect.objectContaining({ promotion: 'p' }),
  );
});
