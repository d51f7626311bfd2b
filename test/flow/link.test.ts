import { describe, expect, it } from 'vitest';
import { buildPolicyOf } from '../helpers/build-policy-of.ts';
import type { Image } from '../../src/domain/image.ts';
import { linkToBuild } from '../../src/flow/link.ts';

const rootUrl = 'https://firefox-ci-tc.services.mozilla.com';
const sha = 'bd900d7a313c796d48da21fdb54ae35db812e3dc';
const task = 'KJ1Fz0vbQyWq8GZ7H3T4dA';

function image(repository: string, project: string): Image {
  const build = buildPolicyOf(
    { name: 'i', trustDomain: 'd', workerPool: 'p/w' },
    { project, repository },
  );
  return {
    name: 'i',
    build,
    publish: 'n/i',
    formerly: [],
    tag: { from: 'revision' },
    pins: [],
    message: 'm',
  };
}

const git = image('https://github.com/mozilla-releng/fxci-config', 'fxci-config');
const hg = image('https://hg.mozilla.org/integration/autoland', 'autoland');
const revision = { by: 'revision', revision: sha };
const byTask = { by: 'task', taskId: task };

describe('a link', () => {
  it.each([
    [git, `${rootUrl}/tasks/${task}`, byTask],
    [git, `${rootUrl}/tasks/${task}/runs/0/logs/public/logs/live.log`, byTask],
    [git, `${rootUrl}/api/queue/v1/task/${task}/artifacts/public/image.tar.zst`, byTask],
    [git, `https://github.com/mozilla-releng/fxci-config/commit/${sha}`, revision],
    [git, `https://github.com/mozilla-releng/fxci-config/commits/${sha}`, revision],
    [git, `https://github.com/mozilla-releng/fxci-config/tree/${sha}/`, revision],
    [hg, `https://hg.mozilla.org/integration/autoland/rev/${sha}`, revision],
    [hg, `https://hg.mozilla.org/integration/autoland/pushloghtml?changeset=${sha}`, revision],
    [hg, `https://treeherder.mozilla.org/jobs?repo=autoland&revision=${sha}`, revision],
    [hg, `https://treeherder.mozilla.org/#/jobs?repo=autoland&revision=${sha}`, revision],
    [hg, `https://treeherder.mozilla.org/jobs?repo=try&selectedTaskRun=${task}.0`, byTask],
    [git, `${rootUrl}/tasks/groups/${task}`, byTask],
    [git, `${rootUrl}/tasks/groups/${task}/tasks/${task}/runs/0`, byTask],
    [git, `${rootUrl}/api/queue/v1/task-group/${task}/list`, byTask],
  ])('names a build: %#', (from, link, build) => {
    expect(linkToBuild(link, from, rootUrl)).toEqual(build);
  });

  it.each([
    [git, `${rootUrl}/tasks/short`],
    [git, `${rootUrl}/tasks/groups/short`],
    [git, `${rootUrl}.evil.org/tasks/${task}`],
    [git, `https://user@firefox-ci-tc.services.mozilla.com/tasks/${task}`],
    [git, `https://github.com/mozilla-releng/fxci-config-evil/commit/${sha}`],
    [git, `https://github.com/mozilla-releng/commit/${sha}`],
    [git, `https://github.com/Mozilla-Releng/fxci-config/commit/${sha}`],
    [git, `https://github.com/mozilla-releng/fxci-config/../evil/commit/${sha}`],
    [git, `https://github.com/mozilla-releng/fxci-config/commit/${sha.slice(1)}`],
    [git, `https://github.com/mozilla-releng/fxci-config/pull/1/commits/${sha}`],
    [git, `https://github.com:8443/mozilla-releng/fxci-config/commit/${sha}`],
    [hg, `https://hg.mozilla.org/try/rev/${sha}`],
    [hg, `https://treeherder.mozilla.org/jobs?repo=try&revision=${sha}`],
    [hg, 'https://treeherder.mozilla.org/jobs?repo=autoland'],
    [git, 'https://'],
  ])('leads to no build: %#', (from, link) => {
    expect(linkToBuild(link, from, rootUrl)).toMatchObject({ reason: 'bad-link', facts: { link } });
  });
});
