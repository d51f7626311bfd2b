import { describe, expect, it } from 'vitest';
import { chain, genesis, verifyLog } from '../../src/domain/audit.ts';
import { newAuditKey, readAuditKeys } from '../../src/domain/audit-keys.ts';
import { signatureCheck } from '../../src/domain/audit-signatures.ts';
import { Secret } from '../../src/domain/secret.ts';
import type { ChainedEvent } from '../../src/domain/event.ts';
import { keysOf } from '../../local/rig/key.ts';

const at = '2026-11-30T08:00:00.000Z';
const secret = newAuditKey();
const keys = keysOf(secret);

/** A log of so many events; signed by `by` from `from` on. */
function logOf(length: number, { by = keys, from = 1, more = {} } = {}): ChainedEvent[] {
  const log: ChainedEvent[] = [];
  for (let n = 1; n <= length; n += 1) {
    const before = log.at(-1) ?? genesis;
    const begins = n === from && n > 1;
    const data = begins ? { seq: before.seq, hash: before.hash } : { n, ...more };
    const kind = begins ? 'signing-began' : 'noted';
    const event = chain({ kind, actor: 'bot', data, promotion: undefined, at }, before);
    log.push(n < from ? event : { ...event, signature: by.signer!.sign(event.hash) });
  }
  return log;
}

async function said(log: readonly ChainedEvent[], by = keys): Promise<readonly string[]> {
  const verdict = await verifyLog(log, [], [signatureCheck(by)]);
  return verdict.ok ? (verdict.notes ?? []) : verdict.problems;
}

describe('a signed log', () => {
  it('is sound with its key, its public half alone, or a former key behind a new one', async () => {
    const log = logOf(5);
    expect(await said(log)).toEqual([]);
    const open = new Secret(keys.signer!.publicLine);
    expect(await said(log, keysOf(open))).toEqual([]);
    const rotated = `${newAuditKey().reveal()} # since Monday\n${secret.reveal()}\n`;
    expect(await said(log, keysOf(new Secret(rotated)))).toEqual([]);
  });

  it('was rewritten where somebody without the key made every hash fit', async () => {
    const stranger = keysOf(newAuditKey());
    const forged = logOf(5, { by: stranger, more: { forged: 1 } });
    expect(await verifyLog(forged)).toMatchObject({ ok: true });
    expect(await said(forged)).toEqual([
      'event 5 is not signed with the bot’s key: somebody else wrote it',
    ]);
    const log = logOf(5);
    const kept = forged.map((event, n) => ({ ...event, signature: log[n]?.signature }));
    expect(await said(kept)).toHaveLength(1);
    expect(await said(forged.map((event) => ({ ...event, signature: undefined })))).toEqual([
      'no event is signed',
    ]);
  });

  it('takes no unsigned event behind a signed one', async () => {
    const log = logOf(5).map((event) =>
      [3, 4].includes(event.seq) ? { ...event, signature: undefined } : event,
    );
    expect(await said(log)).toEqual(['events 3 to 4 are not signed']);
  });

  it('says what was written before events were signed, and believes only the bot where that ends', async () => {
    expect(await said(logOf(5, { from: 4 }))).toEqual([
      'events 1 to 3 were written before events were signed',
    ]);
    const stripped = logOf(5).map((event) =>
      event.seq < 3 ? { ...event, signature: undefined } : event,
    );
    expect(await said(stripped)).toEqual(['events 1 to 2 are not signed']);
  });
});

describe('a key', () => {
  it.each([
    ['', 'it holds no key'],
    ['# only a comment', 'it holds no key'],
    ['hunter2', 'key 1 is not the base64 of 32 bytes'],
    [`${newAuditKey().reveal()},public:AAAA`, 'key 2 is not the base64 of 32 bytes'],
  ])('%j cannot be used, and why quotes nothing of it', (text, why) => {
    const problem = readAuditKeys(new Secret(text));
    expect(problem).toEqual(expect.stringContaining(why));
    expect(problem).not.toContain('hunter2');
  });

  it('of a public half signs nothing', () => {
    expect(keysOf(new Secret(keys.signer!.publicLine)).signer).toBeUndefined();
  });

  it('vouches for fields as they are divided, and with a former key too', () => {
    const { signer } = keys;
    const mac = signer!.mac(['ab', 'c']);
    expect(signer!.hasMac(['ab', 'c'], mac)).toBe(true);
    expect(signer!.hasMac(['a', 'bc'], mac)).toBe(false);
    expect(signer!.hasMac(['ab', 'c'], null)).toBe(false);
    expect(keysOf(newAuditKey()).signer!.hasMac(['ab', 'c'], mac)).toBe(false);
    const rotated = keysOf(new Secret(`${newAuditKey().reveal()} ${secret.reveal()}`));
    expect(rotated.signer!.hasMac(['ab', 'c'], mac)).toBe(true);
  });
});
