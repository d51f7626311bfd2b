import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anchorsIn, formatAnchor, shortAnchor } from '../../src/domain/anchors.ts';
import {
  chain,
  exportLine,
  genesis,
  importLine,
  verifyLog,
  type Happened,
  type LogVerdict,
} from '../../src/domain/audit.ts';
import type { Anchor } from '../../src/domain/post.ts';
import type { ChainedEvent } from '../../src/domain/event.ts';
import { counted } from '../helpers/counts.ts';

const at = '2026-11-23T08:00:00.000Z';

function happened(n: number, data: object = { n }): Happened {
  return { kind: 'asked', actor: 'U00000001', data, promotion: n % 3 ? `p${n}` : undefined, at };
}

/** A log of `length` events, as the store would have written it. */
function logOf(length: number, make: (n: number) => Happened = happened): ChainedEvent[] {
  const log: ChainedEvent[] = [];
  for (let n = 1; n <= length; n += 1) log.push(chain(make(n), log.at(-1) ?? genesis));
  return log;
}

function problemsOf(verdict: LogVerdict): string {
  return verdict.ok ? 'none' : verdict.problems.join('\n');
}

/** The log from `first` on, changed and chained anew by somebody who knows how. */
function rewritten(log: readonly ChainedEvent[], first: number): ChainedEvent[] {
  const result = log.slice(0, first);
  for (const event of log.slice(first)) {
    const { kind, actor, promotion } = event;
    const changed = { kind, actor, promotion, at: event.at, data: { ...event.data, forged: 1 } };
    result.push(chain(changed, result.at(-1) ?? genesis));
  }
  return result;
}

describe('the audit log', () => {
  it('is sound as it was written, and says where it ends', async () => {
    const log = logOf(9);
    const head = { seq: 9, hash: log[8]!.hash };
    expect(await verifyLog(log, log)).toEqual({ ok: true, events: 9, head });
    expect(await verifyLog([])).toEqual({ ok: true, events: 0, head: genesis });
  });

  it('names an edited event', async () => {
    const log = logOf(5);
    log[2] = { ...log[2]!, actor: 'U99999999' };
    expect(problemsOf(await verifyLog(log))).toBe(
      'event 3 was edited: its hash is not that of what it says',
    );
  });

  it('names an edited event whose hash was made to fit', async () => {
    const log = logOf(5);
    const { kind, actor, promotion } = log[2]!;
    log[2] = chain({ kind, actor, promotion, at, data: { n: 4 } }, log[1]!);
    expect(problemsOf(await verifyLog(log))).toContain('event 4 does not follow event 3');
  });

  it('names deleted events', async () => {
    const log = logOf(9);
    expect(problemsOf(await verifyLog(log.toSpliced(2, 1)))).toBe(
      'event 3 is missing: it was deleted',
    );
    expect(problemsOf(await verifyLog(log.toSpliced(2, 3)))).toBe(
      'event 3 to 5 is missing: it was deleted',
    );
    expect(problemsOf(await verifyLog(log.slice(1)))).toBe('event 1 is missing: it was deleted');
  });

  it('names an inserted event', async () => {
    const log = logOf(5);
    const forged = chain(happened(77), log[2]!);
    expect(problemsOf(await verifyLog(log.toSpliced(3, 0, forged)))).toContain(
      'event 4 stands there twice: one was inserted',
    );
  });

  it('names swapped events', async () => {
    const log = logOf(5);
    const swapped = log.with(1, log[2]!).with(2, log[1]!);
    expect(problemsOf(await verifyLog(swapped))).toContain(
      'event 2 stands behind event 3: they were swapped',
    );
  });

  it('sees a cut end only through what the channel has seen', async () => {
    const log = logOf(9);
    expect(await verifyLog(log.slice(0, 6))).toMatchObject({ ok: true });
    expect(problemsOf(await verifyLog(log.slice(0, 6), [log[8]!]))).toBe(
      'the channel has seen event 9, but the log ends with 6: its end was cut off, or an old backup is in its place',
    );
  });

  it('sees a whole rewrite only through what the channel has seen', async () => {
    const log = logOf(9);
    const forged = rewritten(log, 0);
    expect(await verifyLog(forged)).toMatchObject({ ok: true });
    expect(problemsOf(await verifyLog(forged, [log[4]!]))).toContain(
      `event 5 is not the one that the channel has seen (${log[4]!.hash.slice(0, 16)})`,
    );
  });

  it('sees an old backup that went on, through what the channel saw before', async () => {
    const log = logOf(6);
    const restored = log.slice(0, 4);
    for (let n = 50; n < 60; n += 1) restored.push(chain(happened(n), restored.at(-1)!));
    expect(await verifyLog(restored)).toMatchObject({ ok: true });
    expect(problemsOf(await verifyLog(restored, [log[5]!]))).toContain('event 6 is not the one');
  });

  it('is believed by the first sixteen digits as well, but not by others', async () => {
    const log = logOf(3);
    const [{ hash }] = log as [ChainedEvent];
    expect(await verifyLog(log, [{ seq: 1, hash: hash.slice(0, 16) }])).toMatchObject({ ok: true });
    expect(await verifyLog(log, [{ seq: 1, hash: 'f'.repeat(16) }])).toMatchObject({ ok: false });
    expect(await verifyLog(log, [{ seq: 0, hash: 'f'.repeat(64) }])).toMatchObject({ ok: false });
    expect(await verifyLog(log, [genesis])).toMatchObject({ ok: true });
  });

  it('names only the first of many problems', async () => {
    const verdict = await verifyLog(logOf(100).map((event) => ({ ...event, actor: 'U9' })));
    expect(verdict.ok ? [] : verdict.problems).toHaveLength(21);
    expect(problemsOf(verdict)).toContain('and 80 more');
  });

  it('tells fields apart that read the same one after another', () => {
    const base = { at, promotion: 'ab', actor: 'c', kind: 'd', data: {} };
    const hashes = [
      base,
      { ...base, promotion: 'a', actor: 'bc' },
      { ...base, promotion: '', actor: 'abc' },
      { ...base, promotion: undefined, actor: 'abc' },
      { ...base, actor: 'c1:d', kind: '' },
      { ...base, actor: '', kind: 'cd' },
    ].map((event) => chain(event, genesis).hash);
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it('does not depend on the order in which facts were set', () => {
    expect(chain(happened(1, { a: 1, b: [{ c: 2, d: 3 }] }), genesis)).toEqual(
      chain(happened(1, { b: [{ d: 3, c: 2 }], a: 1 }), genesis),
    );
  });
});

const changes = Number(process.env['AUDIT_CHANGES'] ?? counted(1000, 10_000));
const seed = Number(process.env['AUDIT_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

describe(`${changes} random changes of the log`, () => {
  const length = 8;
  const log = logOf(length, (n) =>
    happened(n, { n, text: `“${n}”`, list: [n, { deep: `x${n}` }] }),
  );
  const place = fc.nat({ max: length - 1 });
  const text = fc.string({ unit: 'binary', maxLength: 12 });
  const hex = fc.stringMatching(/^[0-9a-f]{64}$/);

  const edit = fc.record({
    what: fc.constant('edit' as const),
    at: place,
    with: fc.oneof(
      fc.record({ actor: text }),
      fc.record({ kind: text }),
      fc.record({ at: text }),
      fc.record({ promotion: fc.option(text, { nil: undefined }) }),
      fc.record({ data: fc.dictionary(text, fc.jsonValue()) }),
      fc.record({ hash: hex }),
      fc.record({ previous: hex }),
      fc.record({ seq: fc.integer() }),
    ),
  });
  const tampering = fc.oneof(
    edit,
    fc.record({ what: fc.constant('delete' as const), at: fc.nat({ max: length - 2 }) }),
    fc.record({ what: fc.constant('insert' as const), at: place, by: place }),
    fc.record({ what: fc.constant('forge' as const), at: place, kind: text }),
    fc.record({ what: fc.constant('swap' as const), at: place, by: place }),
    fc.record({ what: fc.constant('cut' as const), to: place }),
    fc.record({ what: fc.constant('rewrite' as const), from: place }),
  );

  function tamper(how: typeof tampering extends fc.Arbitrary<infer T> ? T : never): ChainedEvent[] {
    switch (how.what) {
      case 'edit':
        return log.with(how.at, { ...log[how.at]!, ...how.with });
      case 'delete':
        return log.toSpliced(how.at, 1);
      case 'insert':
        return log.toSpliced(how.at, 0, log[how.by]!);
      case 'forge':
        return log.toSpliced(
          how.at,
          0,
          chain({ ...happened(1), kind: how.kind }, log[how.at - 1] ?? genesis),
        );
      case 'swap':
        return log.with(how.at, log[how.by]!).with(how.by, log[how.at]!);
      case 'cut':
        return log.slice(0, how.to);
      case 'rewrite':
        return rewritten(log, how.from);
    }
  }

  it('misses none', async () => {
    const seen: Record<string, number> = {};
    await fc.assert(
      fc.asyncProperty(tampering, async (how) => {
        const tampered = tamper(how);
        fc.pre(JSON.stringify(tampered) !== JSON.stringify(log));
        seen[how.what] = (seen[how.what] ?? 0) + 1;
        // Cut ends and rewrites show only against the channel; everything else must show without it.
        const anchors = how.what === 'cut' || how.what === 'rewrite' ? [log.at(-1)!] : [];
        expect(await verifyLog(tampered, anchors), JSON.stringify(how)).toMatchObject({
          ok: false,
        });
      }),
      { numRuns: changes, seed },
    );
    const counts = Object.entries(seen).map(([what, count]) => `${count} ${what}`);
    console.log(`audit: seed ${seed}, ${changes} changes, 0 missed: ${counts.join(', ')}`);
    expect(Object.keys(seen)).toHaveLength(7);
  });

  it('are missed by who does not look at the hashes', async () => {
    const blind = (events: readonly ChainedEvent[]) =>
      events.every(({ seq }, index) => seq === index + 1) && events.length === log.length;
    let missed = 0;
    fc.assert(
      fc.property(tampering, (how) => {
        const tampered = tamper(how);
        fc.pre(JSON.stringify(tampered) !== JSON.stringify(log));
        if (blind(tampered)) missed += 1;
      }),
      { numRuns: 500, seed },
    );
    expect(missed).toBeGreaterThan(100);
  });

  it('misses none in the exported text', async () => {
    const lines = log.map(exportLine);
    const change = fc.record({
      line: place,
      at: fc.nat(),
      char: fc.string({ minLength: 1, maxLength: 1 }),
    });
    await fc.assert(
      fc.asyncProperty(change, async ({ line, at: index, char }) => {
        const text_ = lines[line]!;
        const position = index % text_.length;
        const changed = text_.slice(0, position) + char + text_.slice(position + 1);
        fc.pre(changed !== text_);
        await expect(read(lines.with(line, changed))).rejects.toThrow();
      }),
      { numRuns: changes / 10, seed },
    );
  });

  /** What a verifier of an export does. */
  async function read(lines: readonly string[]): Promise<void> {
    const verdict = await verifyLog(lines.map(importLine));
    if (!verdict.ok) throw new Error(verdict.problems.join());
  }
});

describe('the export', () => {
  it('has one canonical line for each event, which reads back as it was', () => {
    const log = logOf(4);
    expect(exportLine(log[0]!)).toMatchInlineSnapshot(
      `"{"actor":"U00000001","at":"2026-11-23T08:00:00.000Z","data":{"n":1},"hash":"${log[0]!.hash}","kind":"asked","previous":"${genesis.hash}","promotion":"p1","seq":1}"`,
    );
    expect(log.map(exportLine).map(importLine)).toEqual(log);
  });

  it.each([
    ['white space', (line: string) => line.replace(',', ', ')],
    ['a field twice', (line: string) => line.replace('{', '{"actor":"U9",')],
    ['an unknown field', (line: string) => line.replace('{', '{"aa":1,')],
    ['no field', () => '{}'],
    ['no JSON', () => 'nonsense'],
  ])('refuses a line with %s', (_, change) => {
    expect(() => importLine(change(exportLine(logOf(1)[0]!)))).toThrow();
  });

  it('has the hash that this format has always had', () => {
    // If this fails, every log in use fails too: a change of the format needs another genesis and a way over.
    expect(genesis.hash).toBe('63ad8ef3bf696aa58224d1778f66ec0f90c0fd51bdedc923642b0a22fc70eaff');
    expect(logOf(3)[2]!.hash).toMatchInlineSnapshot(
      `"3da513fadec282b310bf200bc23a983ab54e5e23dec0c1101652a3c746249d74"`,
    );
  });
});

describe('the anchors in an exported channel', () => {
  const anchor: Anchor = { seq: 12, hash: 'ab'.repeat(32) };
  const posted = {
    type: 'message',
    ts: '1700000000.000100',
    bot_id: 'B1',
    metadata: { event_type: 'promotion', event_payload: { audit: formatAnchor(anchor) } },
    blocks: [
      { type: 'section', text: { type: 'mrkdwn', text: 'Published.' } },
      { type: 'context', elements: [{ type: 'mrkdwn', text: shortAnchor(anchor) }] },
    ],
  };
  const ours = new Set(['B1', 'B0']);
  const visible = { seq: 12, hash: 'ab'.repeat(8) };

  it('are found in the metadata and in the visible line', () => {
    expect(anchorsIn([posted], ours)).toEqual([anchor, visible]);
    expect(anchorsIn([{ ...posted, metadata: undefined }], ours)).toEqual([visible]);
    expect(anchorsIn([{ ...posted, blocks: [] }], ours)).toEqual([anchor]);
  });

  it('are found in a day’s file, an API answer, and a folder of both', () => {
    const answer = { ok: true, messages: [posted], has_more: false };
    expect(anchorsIn(answer, ours)).toHaveLength(2);
    expect(anchorsIn({ '2026-11-23.json': [posted], thread: answer }, ours)).toHaveLength(2);
  });

  it('are not taken from what other apps post, or from what nobody’s name is on', () => {
    const { bot_id: _, ...unnamed } = posted;
    expect(anchorsIn([{ ...posted, bot_id: 'B2' }, unnamed], ours)).toEqual([]);
    expect(anchorsIn([posted], new Set())).toEqual([]);
  });

  it('are not taken from what people write, from other text, or from other forms', () => {
    const person = { ...posted, client_msg_id: '7f1d3a52-8c3e-4f0a-9a55-0d2b4a9c1e77' };
    const says = (text: string) => ({
      ...posted,
      metadata: { event_payload: { audit: text } },
      blocks: [{ type: 'context', elements: [{ type: 'mrkdwn', text }] }],
    });
    for (const other of [
      person,
      {
        ...posted,
        metadata: undefined,
        blocks: [{ type: 'section', elements: posted.blocks[1]!.elements }],
      },
      { ...posted, metadata: { audit: formatAnchor(anchor) }, blocks: 'none' },
      says(`see ${shortAnchor(anchor)}`),
      says(`${shortAnchor(anchor)}0`),
      says('audit 012:abababababababab'),
      says('audit -1:abababababababab'),
      says(`12:${'AB'.repeat(32)}`),
      says(`12:${'ab'.repeat(31)}`),
      says(''),
      null,
      'audit 12:abababababababab',
    ]) {
      expect(anchorsIn([other], ours), JSON.stringify(other)).toEqual([]);
    }
  });

  it('are found however deep the export is nested', () => {
    let nested: unknown = [posted];
    for (let depth = 0; depth < 100_000; depth += 1) nested = [nested];
    expect(anchorsIn(nested, ours)).toHaveLength(2);
  });

  it('witness the log that they were taken from', async () => {
    const log = logOf(5);
    const channel = log.map((event) => ({
      ...posted,
      metadata: { event_payload: { audit: formatAnchor(event) } },
      blocks: [{ type: 'context', elements: [{ type: 'mrkdwn', text: shortAnchor(event) }] }],
    }));
    expect(await verifyLog(log, anchorsIn(channel, ours))).toMatchObject({ ok: true });
    expect(await verifyLog(log.slice(0, 4), anchorsIn(channel, ours))).toMatchObject({ ok: false });
    expect(await verifyLog(rewritten(log, 4), anchorsIn(channel, ours))).toMatchObject({
      ok: false,
    });
  });
});
