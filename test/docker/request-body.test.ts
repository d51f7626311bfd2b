import { PassThrough, Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { RequestBody } from '../../src/docker/request-body.ts';

/** Resolves when the bytes may be used for something else. */
function written(body: RequestBody, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    body.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}

it('a write is done when the request has taken the bytes, and not before', async () => {
  const taken: (() => void)[] = [];
  const request = new Writable({ write: (_bytes, _encoding, done) => void taken.push(done) });
  const body = new RequestBody();
  let isDone = false;
  const write = written(body, Buffer.from('one')).then(() => (isDone = true));
  await turn();
  expect(isDone).toBe(false);
  body.pipe(request);
  await turn();
  expect([taken.length, isDone]).toEqual([1, false]);
  taken[0]?.();
  await write;
});

it('the request gets everything in order, and its end', async () => {
  const request = new PassThrough();
  const body = new RequestBody();
  const got = buffer(request);
  body.pipe(request);
  for (const text of ['one', ' ', 'two']) await written(body, Buffer.from(text));
  body.end();
  expect((await got).toString()).toBe('one two');
});

it.each(['that takes nothing more', 'that never came to be'])(
  'whoever waits for a request %s is told when it is over',
  async (which) => {
    const body = new RequestBody();
    body.on('error', () => undefined);
    if (which === 'that takes nothing more') body.pipe(new Writable({ write: () => undefined }));
    const write = written(body, Buffer.from('one'));
    await turn();
    body.destroy(new Error('gone'));
    await expect(write).rejects.toThrow('gone');
  },
);
