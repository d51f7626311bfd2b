import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { found, foundBelow, watchProcesses, type Watch } from '../helpers/faults/canary-watch.ts';

const watches: Watch[] = [];

afterEach(async () => {
  for (const watch of watches.splice(0)) await watch.stop();
});

describe('a leak is noticed', () => {
  const canaries = { password: 'pä "ss\\word/+%&' };

  it.each([
    ['plain', 'pä "ss\\word/+%&'],
    ['in JSON', JSON.stringify({ a: { b: ['x pä "ss\\word/+%&'] } })],
    ['in JSON within JSON', JSON.stringify(JSON.stringify({ a: 'x pä "ss\\word/+%&' }))],
    ['in a message of Slack', JSON.stringify({ text: 'pä "ss\\word/+%&amp;' })],
    ['in a URL', `https://x/?p=${encodeURIComponent(canaries.password)}`],
    ['in a form', new URLSearchParams({ p: canaries.password }).toString()],
    ['in a Basic header', `Basic ${Buffer.from(`user:${canaries.password}`).toString('base64')}`],
    [
      'in another Basic header',
      `Basic ${Buffer.from(`users:${canaries.password}`).toString('base64')}`,
    ],
    ['in base64url', Buffer.from(canaries.password).toString('base64url')],
    ['in hex', Buffer.from(canaries.password).toString('hex')],
    ['backwards', Array.from(canaries.password).toReversed().join('')],
    ['with its halves the other way round', 'word/+%&pä "ss\\'],
  ])('%s', (_, text) => {
    expect(found(text, canaries)).toEqual(['password']);
    expect(found(text.replaceAll(/[a-z]/gi, 'x'), canaries)).toEqual([]);
  });

  it('in a file, in the arguments and in the environment of a child', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'promote-image-leak-'));
    await mkdir(join(folder, 'deep'), { recursive: true });
    await writeFile(join(folder, 'deep', 'er.sqlite-wal'), `\0\u00ff${canaries.password}\0`);
    expect(await foundBelow(folder, canaries)).toEqual([expect.stringContaining('er.sqlite-wal')]);
    const leak = `require('child_process').spawn('sh', ['-c', 'sleep 3; true', 'leak', process.env.P], { env: { LEAK: process.env.P } });
      setTimeout(() => {}, 3000)`;
    const env = { P: canaries.password, PATH: process.env['PATH'] ?? '' };
    const child = spawn(process.execPath, ['-e', leak], { env, stdio: 'ignore' });
    const watch = watchProcesses(child.pid ?? 0, canaries);
    watches.push(watch);
    await expect
      .poll(() => [...watch.hits].join('\n'), { timeout: 5000 })
      .toMatch(/arguments of .*sleep 3/);
    await expect
      .poll(() => [...watch.hits].join('\n'), { timeout: 5000 })
      .toMatch(/environment of .*sleep 3/);
    child.kill();
    await rm(folder, { recursive: true });
  });
});
