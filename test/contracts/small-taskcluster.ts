import { gunzipSync } from 'node:zlib';
import { request } from 'undici';
import { publishBuild } from '../../local/builds.ts';
import type { LocalTaskcluster } from '../../local/taskcluster.ts';
import { image, revision, someBytes } from '../helpers/taskcluster/setting.ts';
import type { Answer, Asked } from './taskcluster-asked.ts';

/** The small Taskcluster with one push of fxci-config, as {@link Asked}. */
export async function askSmall(taskcluster: LocalTaskcluster): Promise<Asked> {
  const archive = someBytes(1000);
  const { taskId, decision } = await publishBuild(taskcluster, { image, revision, archive });
  const get = (path: string): Promise<Answer> => ask(`${taskcluster.rootUrl}${path}`);
  return {
    image: taskId,
    decision,
    route: 'releng.cache.level-3.docker-images.v2.build-decision.latest',
    get,
    stored: async (task, name) => {
      const { headers } = await get(`/api/queue/v1/task/${task}/runs/0/artifacts/${name}`);
      return ask(String(headers['location']));
    },
  };
}

async function ask(url: string): Promise<Answer> {
  const { statusCode: status, headers, body } = await request(url);
  const bytes = Buffer.from(await body.arrayBuffer());
  const text = (headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString();
  return { status, headers, body: text.startsWith('{') ? JSON.parse(text) : text };
}
