import { latestUrl } from './artifacts.ts';
import { page, type Answer, type Asked, type Call } from './call.ts';

/** What the index tells of the tasks that it knows by their routes. */
export const indexCalls: readonly Call[] = [
  {
    method: 'findTask',
    path: /^\/task\/(?<indexPath>[^/]+)$/,
    answer: (asked) => {
      const json = indexed(asked, asked.params['indexPath'] ?? '');
      return json ? { status: 200, json } : notIndexed;
    },
  },
  {
    method: 'findArtifactFromTask',
    path: /^\/task\/(?<indexPath>[^/]+)\/artifacts\/(?<name>.*)$/,
    missing: ({ name = '' }) =>
      name.startsWith('public/') ? undefined : `queue:get-artifact:${name}`,
    answer: (asked) => {
      const { indexPath = '', name = '' } = asked.params;
      const taskId = asked.world.index.get(indexPath);
      if (!taskId) return notIndexed;
      const url = latestUrl({ ...asked, params: { taskId, name } });
      return typeof url === 'string' ? { seeOther: url } : url;
    },
  },
  {
    method: 'listTasks',
    path: /^\/tasks\/(?<namespace>[^/]+)$/,
    isPaged: true,
    answer: (asked) => {
      const { namespace } = asked.params;
      const routes = [...asked.world.index.keys()].filter(
        (route) => route.slice(0, route.lastIndexOf('.')) === namespace,
      );
      const { rows, ...more } = page(routes.toSorted(), asked.query, (route) => [
        namespace,
        route.slice(route.lastIndexOf('.') + 1),
      ]);
      const tasks = rows.map((route) => indexed(asked, route)).filter((one) => one !== undefined);
      return { status: 200, json: { tasks, ...more } };
    },
  },
];

const notIndexed: Answer = { problem: 'ResourceNotFound', message: 'Indexed task not found' };

function indexed({ world }: Asked, namespace: string): object | undefined {
  const taskId = world.index.get(namespace);
  const task = world.tasks.get(taskId ?? '');
  if (!task) return undefined;
  const { expires, extra } = task.definition as {
    readonly expires?: string;
    readonly extra?: { readonly index?: { readonly rank?: number } };
  };
  return { namespace, taskId, rank: extra?.index?.rank ?? 0, data: {}, expires };
}
