import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTaskcluster, type LocalTaskcluster } from '../../local/taskcluster.ts';
import type { StoredArtifact } from '../../local/taskcluster/world.ts';
import { askSmall } from './small-taskcluster.ts';
import { taskclusterContract } from './taskcluster.ts';
import type { Asked } from './taskcluster-asked.ts';

let taskcluster: LocalTaskcluster;
let small: Asked;
beforeAll(async () => {
  taskcluster = await startTaskcluster();
  small = await askSmall(taskcluster);
});
afterAll(() => taskcluster.close());

taskclusterContract('the small Taskcluster', () => small);

describe('the small Taskcluster, where nothing was recorded', () => {
  const artifacts = (): Map<string, StoredArtifact> => {
    const left = taskcluster.tasks.get(small.image)?.artifacts.get(0);
    if (!left) throw new Error('the task is gone');
    return left;
  };
  const path = (rest: string): string => `/api/queue/v1/task/${small.image}${rest}`;

  it('lists a thousand artifacts at a time, and all of them', async () => {
    const { decision } = small;
    const left = taskcluster.tasks.get(decision)?.artifacts.get(0);
    const log = left?.get('public/parameters.yml');
    if (!left || !log) throw new Error('the decision task has left nothing');
    for (let at = 0; at < 1500; at += 1)
      left.set(`public/x${at}`, { ...log, name: `public/x${at}` });
    const names: string[] = [];
    const sizes: number[] = [];
    for (let token: string | undefined = ''; token !== undefined;) {
      const query: string = token && `?continuationToken=${encodeURIComponent(token)}`;
      const { body } = await small.get(`/api/queue/v1/task/${decision}/artifacts${query}`);
      const list = body as { artifacts: { name: string }[]; continuationToken?: string };
      names.push(...list.artifacts.map(({ name }) => name));
      sizes.push(list.artifacts.length);
      token = list.continuationToken;
    }
    expect(new Set(names)).toEqual(new Set(left.keys()));
    expect(sizes).toEqual([1000, left.size - 1000]);
  });

  it.each(['limit=x', 'page=2'])('takes no such query: %s', async (query) => {
    const { status, body } = await small.get(path(`/artifacts?${query}`));
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'InvalidRequestArguments' });
  });

  it('hands out an object by a signed address of the object service', async () => {
    const image = artifacts().get('public/image.tar.zst');
    if (!image || !('content' in image)) throw new Error('no image');
    artifacts().set('public/object', { ...image, name: 'public/object', storageType: 'object' });
    const { status, body, headers } = await small.get(path('/runs/0/artifacts/public/object'));
    expect([status, headers['x-taskcluster-artifact-storage-type']]).toEqual([303, 'object']);
    expect(body).toEqual({ storageType: 'object', url: headers['location'] });
    const content = await small.get(path('/runs/0/artifact-content/public/object'));
    expect(content.body).toEqual({
      storageType: 'object',
      name: `t/${small.image}/0/public/object`,
      credentials: expect.objectContaining({ clientId: expect.any(String) }),
    });
    const { status: got, headers: storage } = await small.stored(small.image, 'public/object');
    expect([got, storage['content-length']]).toEqual([200, '1000']);
  });

  it('tells an expired artifact by 410, one that was never stored by 424, a circle of links by 400', async () => {
    const common = { contentType: 'text/plain', expires: '2099-01-01T00:00:00.000Z' };
    const image = artifacts().get('public/image.tar.zst');
    if (!image) throw new Error('no image');
    const odd: readonly (readonly [StoredArtifact, number, object])[] = [
      [
        { ...image, name: 'public/old', expires: '2026-01-01T00:00:00.000Z' },
        410,
        { code: 'ResourceExpired' },
      ],
      [
        {
          ...common,
          name: 'public/error',
          storageType: 'error',
          reason: 'file-missing-on-worker',
          message: 'none',
        },
        424,
        { reason: 'file-missing-on-worker', message: 'none' },
      ],
      [
        { ...common, name: 'public/ring', storageType: 'link', target: 'public/ring' },
        400,
        { code: 'InputError' },
      ],
    ];
    for (const [artifact, status, body] of odd) {
      artifacts().set(artifact.name, artifact);
      const answer = await small.get(path(`/runs/0/artifacts/${artifact.name}`));
      expect(answer).toMatchObject({ status, body });
    }
  });

  it('is not brought down by a path that is no percent-encoding', async () => {
    expect(await small.get('/api/queue/v1/%ff')).toMatchObject({ status: 404 });
  });
});
