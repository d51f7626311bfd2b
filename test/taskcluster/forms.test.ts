import { expect, it } from 'vitest';
import { parseBuild } from '../../src/flow/command.ts';
import { isRefusal } from '../../src/domain/errors.ts';
import { image, revision, setting, someBytes } from '../helpers/taskcluster/setting.ts';

const given = setting();
const archive = someBytes(1000);

const github = 'https://github.com/mozilla-releng/fxci-config';

it.each([
  'latest',
  revision,
  'TASK',
  'DECISION',
  'ROOT/tasks/TASK',
  'ROOT/tasks/TASK/runs/0/logs/public/logs/live.log',
  'ROOT/tasks/DECISION',
  'ROOT/tasks/groups/DECISION',
  'ROOT/api/queue/v1/task/TASK/artifacts/public/image.tar.zst',
  'ROOT/api/queue/v1/task-group/DECISION/list',
  `${github}/commit/${revision}`,
  `${github}/tree/${revision}`,
  `https://treeherder.mozilla.org/jobs?repo=fxci-config&revision=${revision}`,
  `https://treeherder.mozilla.org/#/jobs?repo=fxci-config&revision=${revision}`,
  `https://treeherder.mozilla.org/jobs?repo=fxci-config&selectedTaskRun=TASK.0`,
])('%s leads to the build, which is trusted', async (form) => {
  const { builds, publish, taskcluster } = given();
  const { taskId, decision } = await publish({ archive });
  const { rootUrl } = taskcluster;
  const word = form.replace('ROOT', rootUrl).replace('TASK', taskId).replace('DECISION', decision);
  const ask = parseBuild(word, image, rootUrl);
  if (isRefusal(ask)) throw new Error(ask.reason);
  expect(await builds().find(image, ask)).toBe(taskId);
  expect(await builds().verify(image, taskId)).toMatchObject({ taskId, revision });
});
