import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { counted } from '../helpers/counts.ts';
import { randomFrom, seedFrom, shuffled } from '../../local/rig/random.ts';
import { startOutside } from '../../local/rig/outside.ts';
import { CanaryLane } from '../helpers/faults/canary-lane.ts';
import { troubles, type Trouble } from '../helpers/faults/canary-troubles.ts';

/** Promotions with something going wrong: the short form; the long one sets CANARY_RUNS. */
const runs = Number(process.env['CANARY_RUNS'] ?? counted(2, 6));
const seed = seedFrom('CANARY_SEED');
/** Only troubles with this in their name, to look at one. */
const only = process.env['CANARY_ONLY'] ?? '';
/** Runs of one bot, before the next starts with new secrets. */
const each = 8;

/** Every trouble before any comes again, in an order of the seed’s. */
function chosen(): readonly Trouble[] {
  const random = randomFrom(seed);
  const all = troubles.filter(({ name }) => name.includes(only));
  const rounds = Array.from({ length: Math.ceil(runs / all.length) }, () => shuffled(all, random));
  return rounds.flat().slice(0, runs);
}

interface Result {
  readonly hits: string[];
  readonly ends: Map<string, number>;
}

/** Takes runs from the list until none is left, with one bot for some of them. */
async function work(left: Trouble[], result: Result): Promise<void> {
  const outside = await startOutside();
  try {
    for (let n = 0; left.length > 0; n += 1) {
      const transport = n % 2 === 0 ? 'socket' : 'http';
      const lane = await CanaryLane.start(outside, { transport });
      try {
        for (const trouble of left.splice(0, each)) {
          const end = await lane.run(trouble).catch((error: unknown) => {
            throw new Error(`${trouble.name} (CANARY_SEED=${seed})`, { cause: error });
          });
          result.ends.set(end, (result.ends.get(end) ?? 0) + 1);
          for (const hit of lane.hits) result.hits.push(`${trouble.name}, ${transport}: ${hit}`);
        }
      } finally {
        await lane.stop();
      }
      // Who sees nothing at work would find nothing.
      expect([...lane.seen].some((name) => /\/git /.test(name))).toBe(true);
      for (const hit of lane.hits) result.hits.push(`${transport}: ${hit}`);
    }
  } finally {
    await outside.close();
  }
}

describe('no secret is left anywhere', () => {
  it(`by ${runs} promotions of ${troubles.length} kinds, in which this or that goes wrong`, async () => {
    const left = [...chosen()];
    const result: Result = { hits: [], ends: new Map() };
    const begun = performance.now();
    const lanes = runs > 20 ? 2 : 1;
    await Promise.all(Array.from({ length: lanes }, () => work(left, result)));
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    const ends = [...result.ends].map(([end, count]) => `${count} ${end}`).join('; ');
    console.info(`${runs} runs (CANARY_SEED=${seed}) in ${seconds} s: ${ends}`);
    expect([...new Set(result.hits)]).toEqual([]);
  }, 3_600_000);
});

describe('a bot that leaks is noticed', () => {
  it('in its log, its files, its messages, and what it starts', async () => {
    const outside = await startOutside();
    const leak = join(outside.folder, 'leak.mjs');
    await writeFile(leak, leaking);
    const more = { NODE_OPTIONS: `--import=${pathToFileURL(leak).href}` };
    const lane = await CanaryLane.start(outside, { transport: 'socket', more });
    await lane.run({});
    await lane.stop();
    await outside.close();
    const hits = [...lane.hits].join('\n');
    for (const place of [/bot\.log/, /leaked/, /Slack’s traffic/, /arguments of/, /environment of/])
      expect(hits).toMatch(new RegExp(`bot token.*${place.source}|${place.source}.*bot token`));
  }, 120_000);
});

/** A build that is not careful, each time in another form. */
const leaking = `
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
const { SLACK_BOT_TOKEN: token, SLACK_API_URL: api, TMPDIR: folder } = process.env;
console.log(Buffer.from('x' + token).toString('base64'));
writeFileSync(folder + '/leaked', Buffer.from(token).toString('hex'));
const env = { PATH: process.env.PATH, LEAK: token };
spawn('sh', ['-c', 'sleep 20; true', 'leak', token], { env, stdio: 'ignore' }).unref();
void fetch(api + 'chat.postMessage', {
  method: 'POST',
  headers: { authorization: 'Bearer ' + token, 'content-type': 'application/json' },
  body: JSON.stringify({ channel: 'C0IMAGES1', text: [...token].reverse().join('') }),
});
`;
