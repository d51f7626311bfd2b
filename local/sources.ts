import { dockerImagePy, hookTemplate, taskclusterYml } from './trees.ts';

/** The images that are pinned at first, as `name:tag@sha256:…`. */
interface Pinned {
  readonly buildDecision: string;
  readonly decision: string;
  readonly geckoDecision: string;
  readonly imageBuilder: string;
}

type Files = Readonly<Record<string, string>>;

/** What the source trees hold: the pins where the real trees have them, and in their forms. */
export function sourceTrees(
  pinned: Pinned,
): Readonly<Record<'fxciConfig' | 'taskgraph' | 'gecko', Files>> {
  const { buildDecision, decision, geckoDecision, imageBuilder } = pinned;
  const templates = ['hg-push-template', 'git-push-template', 'cron-task-template'];
  const hooks = templates.map((name) => [`${name}.yml`, hookTemplate(name, buildDecision)]);
  return {
    fxciConfig: {
      ...Object.fromEntries(hooks),
      '.taskcluster.yml': `${taskclusterYml(decision, 'checkouts-sparse-v1')}${preCommit}`,
      'README.md': '# fxci-config\nThe mozillareleases/build-decision image runs in the hooks.\n',
    },
    taskgraph: {
      '.taskcluster.yml': taskclusterYml(decision, 'checkouts-sparse-v2'),
      'src/taskgraph/transforms/docker_image.py': dockerImagePy(imageBuilder),
    },
    gecko: {
      '.taskcluster.yml': taskclusterYml(`'${geckoDecision}'`, 'checkouts-sparse-v4'),
      'taskcluster/docker/decision/VERSION': '5.2.0\n',
      'taskcluster/docker/decision/HASH': `${geckoDecision.replace(/^.*@/, '')}\n`,
      'taskcluster/docker/image_builder/VERSION': '6.2.0\n',
      'taskcluster/gecko_taskgraph/transforms/docker_image.py': dockerImagePy(imageBuilder),
    },
  };
}

/** Another image of the repository that the decision image is published in: none of its business. */
const preCommit = `  - taskId: pre-commit
    payload:
      image: mozillareleases/taskgraph:run-task-v24.1.1@sha256:${'5eed'.repeat(16)}
`;
