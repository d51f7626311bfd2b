import { expect, it, vi } from 'vitest';
import type { Ledger } from '../../src/ports.ts';
import { createPushLedger } from '../../src/flow/push-ledger.ts';

const full = new Error('the disk is full');
const failing: Ledger = { find: () => Promise.reject(full), add: () => Promise.reject(full) };

it('takes nothing back from an image that is published, and says so in the log', async () => {
  const log = vi.fn();
  await createPushLedger(failing, log).add([]);
  expect(log).toHaveBeenCalledWith('warn', expect.any(String), { error: full });
});

it('fails where it is asked before anything was done', async () => {
  const asked = createPushLedger(failing, () => undefined).find([]);
  await expect(asked).rejects.toThrow('the disk is full');
});
