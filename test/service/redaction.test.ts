import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Push } from '../../src/ports.ts';
import { Secret } from '../../src/domain/secret.ts';
import { createLogging } from '../../src/service/log.ts';
import { guarded } from '../../src/service/redaction.ts';

const password = 'cAnArY-of-this-push';

/** A bot’s log, and pushes that end when they are told to. */
function pushing() {
  const lines: string[] = [];
  const { log, secrets: passing } = createLogging('info', (line) => lines.push(line));
  const ends: PromiseWithResolvers<void>[] = [];
  const engine = async () => {
    const end = Promise.withResolvers<void>();
    ends.push(end);
    await end.promise;
    return {} as Awaited<ReturnType<typeof ports.engine>>;
  };
  const secrets = async () => ({ username: 'user', password: new Secret(password) });
  const ports = guarded({ secrets, engine: engine as never }, passing);
  const push = async () => ports.engine({ credentials: await ports.secrets() } as Push);
  const say = (text: string): string => {
    log('info', text);
    return lines.at(-1) ?? '';
  };
  return { push, say, ends, passing };
}

describe('decrypted credentials', () => {
  it('are in no line from the decryption to the end of the push, and forgotten after it', async () => {
    const { push, say, ends, passing } = pushing();
    const pushed = push();
    await setImmediate();
    expect(say(`during ${password}`)).not.toContain(password);
    ends[0]?.resolve();
    await pushed;
    await setImmediate();
    expect(passing.size).toBe(0);
  });

  it('are still kept out of the line that says why the push failed', async () => {
    const { push, say, ends, passing } = pushing();
    const failed = push().catch((error: Error) => say(error.message));
    await setImmediate();
    ends[0]?.reject(new Error(`it broke at ${password}`));
    expect(await failed).not.toContain(password);
    await setImmediate();
    expect(passing.size).toBe(0);
  });

  it('are known as long as any of several pushes has them', async () => {
    const { push, say, ends, passing } = pushing();
    const both = [push(), push()];
    await setImmediate();
    ends[0]?.resolve();
    await both[0];
    await setImmediate();
    expect(say(`second ${password}`)).not.toContain(password);
    ends[1]?.resolve();
    await both[1];
    await setImmediate();
    expect(passing.size).toBe(0);
  });
});
