import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { startTaskcluster, type LocalTaskcluster } from '../../local/taskcluster.ts';
import { askSmall } from '../contracts/small-taskcluster.ts';
import { taskclusterContract } from '../contracts/taskcluster.ts';
import type { Answer, Asked } from '../contracts/taskcluster-asked.ts';
import { casesFolder } from '../helpers/real/shared-cases.ts';

const Recorded = z.record(
  z.string(),
  z.object({
    get: z.string(),
    status: z.int(),
    headers: z.record(z.string(), z.string()),
    body: z.unknown(),
  }),
);
type Recorded = z.infer<typeof Recorded>;

const file = join(casesFolder, 'real-taskcluster', 'answers.json');
const recorded: Recorded = Recorded.parse(JSON.parse(await readFile(file, 'utf8')));

/** The recordings, as whoever gave them. */
const real: Asked = {
  image: 'EJc3y-5-TQC2-hNXc48F5g',
  decision: 'GN6e95T6Qr-5DwCDR_DPzQ',
  route: 'releng.cache.level-3.docker-images.v2.build-decision.latest',
  get: async (path) => find((one) => one.get === path),
  stored: async (_, name) => {
    const of = name.endsWith('label-to-taskid.json')
      ? 'label-to-taskid of the'
      : 'the certificate, as';
    const [, answer] = Object.entries(recorded).find(([title]) => title.startsWith(of)) ?? [];
    if (!answer) throw new Error(`Nobody has recorded ${name}`);
    return answer;
  },
};

function find(isIt: (one: Recorded[string]) => boolean): Answer {
  const answer = Object.values(recorded).find(isIt);
  if (!answer) throw new Error('Nobody has recorded that');
  return answer;
}

taskclusterContract('a real Taskcluster', () => real);

let taskcluster: LocalTaskcluster;
let small: Asked;
beforeAll(async () => {
  taskcluster = await startTaskcluster();
  small = await askSmall(taskcluster);
});
afterAll(() => taskcluster.close());

/** How a decision task is run is its worker's own, and another push decides about other images. */
const itsOwn = /^(definition of its decision|label-to-taskid)/;

describe('the small Taskcluster answers as the real one did', () => {
  const requests = Object.entries(recorded).filter(([title]) => !itsOwn.test(title));

  it.each(requests)('%s', async (title, wanted) => {
    const got = wanted.get.startsWith('/')
      ? await small.get(inTermsOf(small, wanted.get))
      : await small.stored(small.image, 'public/chain-of-trust.json');
    const names = Object.keys(wanted.headers);
    const headers = Object.fromEntries(names.map((name) => [name, String(got.headers[name])]));
    expect(got.status).toBe(wanted.status);
    expect(settled(headers)).toEqual(settled(wanted.headers));
    const isTold = wanted.status >= 400;
    const [said, meant] = [got.body, wanted.body].map((body) =>
      isTold ? settled(body) : shapeOf(body),
    );
    expect(said, title).toEqual(meant);
  });

  it('and nothing that was recorded is left out', () => {
    expect(requests.length).toBe(Object.keys(recorded).length - 2);
    expect(requests.length).toBeGreaterThan(25);
  });
});

function inTermsOf(of: Asked, path: string): string {
  return path.replaceAll(real.image, of.image).replaceAll(real.decision, of.decision);
}

/** Without what is another each time: ids, times, hosts, hashes and lengths. */
function settled(value: unknown): unknown {
  const text = JSON.stringify(value)
    .replaceAll(small.image, real.image)
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'then')
    .replaceAll(/https?:\/\/[^/"]+/g, 'https://host')
    .replaceAll(/\\"[0-9a-f]{32}\\"/g, 'etag')
    .replaceAll(/"content-length":"\d+"/g, '"content-length":"n"');
  return JSON.parse(text);
}

/** Of a value its kinds: every key stays, and how many there are of each. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, shapeOf(one)]));
}
