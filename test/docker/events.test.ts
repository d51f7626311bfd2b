import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readEvents, type EngineEvent } from '../../src/docker/events.ts';

const work = { verb: 'push a:b', noun: 'the push' };

async function* chunks(...parts: (string | Uint8Array)[]) {
  for (const part of parts) yield typeof part === 'string' ? Buffer.from(part) : part;
}

async function read(answer: AsyncIterable<Uint8Array>): Promise<EngineEvent[]> {
  const events: EngineEvent[] = [];
  await readEvents(answer, { work, onEvent: (event) => events.push(event) });
  return events;
}

describe('the engine’s events', () => {
  it('come one by one, however the bytes are cut', async () => {
    const events = [
      { status: 'Pushing', id: 'a' },
      { status: 'fertig – 完成 🎉' },
      { aux: { Size: 1 } },
    ];
    const bytes = Buffer.from(events.map((event) => `${JSON.stringify(event)}\r\n`).join(''));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length)), async (cuts) => {
        const at = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
        const parts = at.slice(1).map((end, i) => bytes.subarray(at[i], end));
        expect(await read(chunks(...parts))).toEqual(events);
      }),
      { numRuns: 300 },
    );
  });

  it('end without a last line break', async () => {
    expect(await read(chunks('{"status":"a"}\n{"status":"b"}'))).toHaveLength(2);
  });

  it('may be none at all', async () => {
    expect(await read(chunks(''))).toEqual([]);
    expect(await read(chunks('\r\n\n'))).toEqual([]);
  });

  it.each([
    ['error and errorDetail', '{"errorDetail":{"message":"denied: x"},"error":"denied: x"}\n'],
    ['only error', '{"status":"a"}\n{"error":"denied: x"}\n{"status":"b"}\n'],
    ['only errorDetail', '{"errorDetail":{"message":"denied: x"}}\n'],
    ['at the end without a line break', '{"status":"a"}\n{"error":"denied: x"}'],
    ['beside other fields', '{"status":"Pushed","id":"a","error":"denied: x"}\n'],
    ['with a code', '{"errorDetail":{"code":401,"message":"denied: x"}}\n'],
  ])('fail with an error: %s', async (_, text) => {
    await expect(read(chunks(text))).rejects.toMatchObject({
      reason: 'docker-failed',
      facts: { what: 'push a:b', problem: 'denied: x' },
    });
  });

  it.each([
    ['an empty text', '{"error":""}\n'],
    ['an empty detail', '{"errorDetail":{}}\n'],
  ])('fail with an error that says nothing: %s', async (_, text) => {
    await expect(read(chunks(text))).rejects.toMatchObject({ reason: 'docker-failed' });
  });

  it.each([
    ['text', 'unexpected end\n'],
    ['HTML', '<html>\n'],
    ['half a line at the end', '{"status":"a"}\n{"status":'],
    ['two values on a line', '{"status":"a"}{"status":"b"}\n'],
    ['a list', '[]\n'],
    ['a number', '1\n'],
    ['null', 'null\n'],
    ['an error that is no text', '{"error":{"message":"x"}}\n'],
    ['an error of null', '{"error":null}\n'],
    ['a byte order mark in the middle', '{"status":"a"}\n\ufeff\ufeff{}\n'],
    ['no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d, 0x0a])],
    ['half a character at the end', Buffer.from('{"status":"é"}').subarray(0, 12)],
    ['a NUL', '{"status":"a"}\0\n'],
  ])('fail with a line that is no event: %s', async (_, part) => {
    await expect(read(chunks(part))).rejects.toMatchObject({ reason: 'docker-nonsense' });
  });

  it('fail with a line of 100 MB, without holding it', async () => {
    let sent = 0;
    async function* endless() {
      yield Buffer.from('{"status":"');
      for (; sent < 100 * 1024 ** 2; sent += 65_536) yield Buffer.alloc(65_536, 0x78);
    }
    await expect(read(endless())).rejects.toMatchObject({ reason: 'docker-nonsense' });
    expect(sent).toBeLessThan(2 * 1024 ** 2);
  });

  it('show what the engine says as one short line', async () => {
    const message = `a\u001b[31m\n\u202eb ${'x'.repeat(5000)}`;
    const error = await read(chunks(`${JSON.stringify({ error: message })}\n`)).catch((e) => e);
    expect(error.facts.problem).toMatch(/^a \[31m b x+…$/);
    expect(error.facts.problem.length).toBeLessThan(310);
  });

  it('let an error of the connection through', async () => {
    async function* broken() {
      yield Buffer.from('{"status":"a"}\n');
      throw new Error('aborted');
    }
    await expect(read(broken())).rejects.toThrow('aborted');
  });
});
