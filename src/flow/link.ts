import { refuse, type Refusal } from '../domain/errors.ts';
import type { Image } from '../domain/image.ts';
import { Revision, TaskId } from '../domain/reference.ts';
import type { BuildAsk } from '../domain/ask.ts';

/**
 * The build that a link names: a task in Taskcluster's UI or API, a commit of the image's repository on GitHub or
 * hg.mozilla.org, a push on Treeherder. The link itself is never opened.
 */
export function linkToBuild(link: string, image: Image, rootUrl: string): BuildAsk | Refusal {
  const bad = (problem: string): Refusal => refuse('bad-link', { link, problem });
  if (!URL.canParse(link)) return bad('it is not a URL');
  const url = new URL(link);
  if (url.username || url.password) return bad('it carries a user name');
  if (url.host === new URL(rootUrl).host) return taskOf(url) ?? bad('it names no task');
  if (url.host === 'treeherder.mozilla.org')
    return pushOf(url, image) ?? bad(`it names no push of ${anyOf(image, 'project')}`);
  const repository = image.build.sources
    .map((source) => new URL(source.repository))
    .find(({ host, pathname }) => url.host === host && isBelow(url.pathname, pathname));
  if (!repository) return bad(`this image is built from ${anyOf(image, 'repository')}`);
  return commitOf(url, repository) ?? bad('it names no full commit');
}

function anyOf({ build }: Image, what: 'project' | 'repository'): string {
  return [...new Set(build.sources.map((source) => source[what]))].join(' or ');
}

/** `/tasks/<id>`, `/tasks/<id>/runs/0`, `/api/queue/v1/task/<id>/…`, and a group: its id is the decision task's. */
function taskOf(url: URL): BuildAsk | undefined {
  const word = /^\/(?:tasks\/groups|tasks|api\/queue\/v1\/task(?:-group)?)\/([^/]+)/.exec(
    url.pathname,
  )?.[1];
  const taskId = TaskId.safeParse(word);
  return taskId.success ? { by: 'task', taskId: taskId.data } : undefined;
}

/** `/jobs?repo=autoland&revision=…`, with a selected task where one was clicked. */
function pushOf(url: URL, image: Image): BuildAsk | undefined {
  const query = new URLSearchParams(`${url.search.slice(1)}&${url.hash.replace(/^#.*?\?/, '')}`);
  const task = TaskId.safeParse(query.get('selectedTaskRun')?.split('.')[0]);
  if (task.success) return { by: 'task', taskId: task.data };
  const revision = Revision.safeParse(query.get('revision'));
  const isOurs = image.build.sources.some(({ project }) => project === query.get('repo'));
  return revision.success && isOurs ? { by: 'revision', revision: revision.data } : undefined;
}

/** `/commit/<sha>`, `/tree/<sha>` on GitHub; `/rev/<sha>`, `/pushloghtml?changeset=<sha>` on hg.mozilla.org. */
function commitOf(url: URL, repository: URL): BuildAsk | undefined {
  const rest = url.pathname.slice(repository.pathname.replace(/\/$/, '').length);
  const word = /^\/(?:commit|commits|tree|rev|raw-rev|changeset)\/([^/]+)\/?$/.exec(rest)?.[1];
  const revision = Revision.safeParse(word ?? url.searchParams.get('changeset'));
  return revision.success ? { by: 'revision', revision: revision.data } : undefined;
}

/** Whether `path` lies below `base`, part by part: `/a/bc` does not lie below `/a/b`. */
function isBelow(path: string, base: string): boolean {
  const parts = path.split('/').filter(Boolean);
  return base
    .split('/')
    .filter(Boolean)
    .every((part, index) => parts[index] === part);
}
