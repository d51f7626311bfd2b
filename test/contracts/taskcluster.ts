import type { Asked } from './taskcluster-asked.ts';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { taskclusterErrors } from './taskcluster-errors.ts';
import {
  Certificate,
  Decision,
  Image,
  Indexed,
  Left,
  Place,
  Status,
  Stored,
} from './taskcluster-shapes.ts';

const queue = '/api/queue/v1';
const index = '/api/index/v1';
const artifactNames = [
  'public/chain-of-trust.json',
  'public/chain-of-trust.json.sig',
  'public/image.tar.zst',
  'public/logs/certified.log',
  'public/logs/live_backing.log',
  'public/logs/live.log',
];

/** What Taskcluster v106 answers a reader without credentials. Holds for a real one as for the small one. */
export function taskclusterContract(name: string, given: () => Asked): void {
  /** A JSON answer of the services, of exactly that shape. */
  async function ask<T>(path: string, shape: z.ZodType<T>, status = 200): Promise<T> {
    const answer = await given().get(path);
    expect(answer).toMatchObject({
      status,
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'cache-control': 'no-store no-cache must-revalidate',
      },
    });
    return shape.parse(answer.body);
  }
  const task = (rest = ''): string => `${queue}/task/${given().image}${rest}`;

  describe(`${name}: a task`, () => {
    it('has a status with its priority and until when its run was taken', async () => {
      for (const taskId of [given().image, given().decision]) {
        const { status } = await ask(`${queue}/task/${taskId}/status`, Status);
        expect(status.taskId).toBe(taskId);
      }
    });

    it('has the definition that taskgraph made', async () => {
      const { image, decision } = given();
      const made = await ask(task(), Image);
      expect(made.taskGroupId).toBe(decision);
      expect(made.payload.env.CONTEXT_TASK_ID).toBe(decision);
      const [route = ''] = made.routes;
      expect(made.routes.at(-1)).toBe('checks');
      expect(route.endsWith(made.payload.env.HASH), 'HASH is the context’s').toBe(false);
      const planner = await ask(`${queue}/task/${decision}`, Decision);
      const { env } = planner.payload;
      expect(env[Object.keys(env).find((key) => key.endsWith('_HEAD_REV')) ?? '']).toBe(
        made.payload.env.VCS_HEAD_REV,
      );
      expect(planner.taskGroupId).toBe(decision);
      expect(image).not.toBe(decision);
    });
  });

  describe(`${name}: an artifact`, () => {
    it('is listed with its length, in the database’s order; live.log is a link', async () => {
      for (const list of ['/artifacts', '/runs/0/artifacts']) {
        const { artifacts } = await ask(task(list), Left);
        expect(artifacts.map((one) => one.name)).toEqual(artifactNames);
        // As the worker had it, though it is stored gzipped.
        expect(artifacts[1]).toMatchObject({ contentLength: 64 });
      }
    });

    it('is listed page by page', async () => {
      const Page = Left.extend({ continuationToken: z.string() });
      const first = await ask(task('/runs/0/artifacts?limit=2'), Page);
      expect(first.artifacts.map((one) => one.name)).toEqual(artifactNames.slice(0, 2));
      const last = Buffer.from(first.continuationToken, 'base64').toString();
      expect(JSON.parse(last)).toEqual([given().image, 0, artifactNames[1]]);
    });

    it('is told of alone', async () => {
      const info = await ask(task('/runs/0/artifact-info/public/image.tar.zst'), Stored);
      expect(info.contentType).toBe('application/zstd');
    });

    it.each(['image.tar.zst', 'chain-of-trust.json'])('is got by a redirect: %s', async (file) => {
      const path = task(`/runs/0/artifacts/public/${file}`);
      const { url } = await ask(path, Place, 303);
      const { headers } = await given().get(path);
      expect(headers['location']).toBe(url);
      expect(headers['x-taskcluster-artifact-storage-type']).toBe('s3');
      expect(new URL(url).pathname).toBe(`/public-bucket/${given().image}/0/public/${file}`);
    });

    it('is where its content is said to be, also through a link', async () => {
      const content = (file: string) => ask(task(`/runs/0/artifact-content/public/${file}`), Place);
      expect((await content('image.tar.zst')).url).toMatch(/\/0\/public\/image\.tar\.zst$/);
      expect((await content('logs/live.log')).url).toMatch(/\/public\/logs\/live_backing\.log$/);
    });

    it.each([
      ['image', 'public/chain-of-trust.json', 'text/plain; charset=utf-8'],
      ['decision', 'public/label-to-taskid.json', 'application/json'],
    ] as const)('that is text is stored gzipped: of the %s, %s', async (of, file, type) => {
      const { status, headers } = await given().stored(given()[of], file);
      expect(status).toBe(200);
      expect(headers).toMatchObject({
        'content-type': type,
        'content-encoding': 'gzip',
        'accept-ranges': 'bytes',
        etag: expect.stringMatching(/^"[0-9a-f]{32}"$/),
        'content-length': expect.stringMatching(/^\d+$/),
      });
    });

    it('that is the certificate names the worker’s machine and its addresses', async () => {
      const { body } = await given().stored(given().image, 'public/chain-of-trust.json');
      const certificate = Certificate.parse(body);
      expect(Object.keys(certificate.artifacts)).toEqual([
        'public/image.tar.zst',
        'public/logs/certified.log',
      ]);
      expect(Object.keys(body ?? {})).toEqual(Object.keys(body ?? {}).toSorted());
      expect(certificate.task).toEqual(await ask(task(), Image));
    });
  });

  describe(`${name}: the index`, () => {
    it('leads from a route to its task', async () => {
      const { route, image } = given();
      const found = await ask(`${index}/task/${route}`, Indexed);
      expect(found).toMatchObject({ namespace: route, taskId: image });
    });

    it('leads from a route to an artifact, with the words of a web server', async () => {
      const { route, image } = given();
      const path = `${index}/task/${route}/artifacts/public/image.tar.zst`;
      const { status, headers, body } = await given().get(path);
      const location = String(headers['location']);
      expect(status).toBe(303);
      expect(headers['content-type']).toBe('text/plain; charset=utf-8');
      expect(location.endsWith(`/public-bucket/${image}/0/public/image.tar.zst`)).toBe(true);
      expect(body).toBe(`See Other. Redirecting to ${location}`);
    });

    it('lists the tasks below a namespace', async () => {
      const namespace = given().route.replace(/\.[^.]*$/, '');
      const shape = z.strictObject({ tasks: z.array(Indexed) });
      const { tasks } = await ask(`${index}/tasks/${namespace}`, shape);
      expect(tasks.map((one) => one.namespace)).toEqual([given().route]);
    });
  });

  taskclusterErrors(name, given);
}
