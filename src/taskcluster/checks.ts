import type { Check, TrustedBuild } from '../domain/plan.ts';

/** What was proven, one short sentence each, in the order in which it was. `image` is the name that the build is known by. */
export function checksOf(build: Omit<TrustedBuild, 'checks'>, image: string): readonly Check[] {
  const { runId, artifact } = build;
  return [
    {
      check: 'status',
      says: `run ${runId} is the task’s latest, completed at ${build.builtAt}; nothing expires before ${build.expires}`,
    },
    definition(`it ran in worker pool ${build.workerPool}, under scheduler ${build.schedulerId}`),
    definition(`it is labelled ${build.label} and builds the image ${image}`),
    definition(says(build)),
    definition('it comes from no pull request, nobody could log in to it, and chainOfTrust was on'),
    definition(`it has the level-3 cache route ${build.route}`),
    chainOfTrust(`the certificate is signed by the configured key ${build.signedBy}`),
    chainOfTrust('the certificate names this task, this run and the worker that the queue names'),
    chainOfTrust('the signed definition equals the queue’s'),
    ...boundBy(build),
    {
      check: 'artifact',
      says: `${artifact.name} is stored as ${artifact.storage}, and its signed hash is ${artifact.sha256}`,
    },
  ];
}

function definition(text: string): Check {
  return { check: 'definition', says: text };
}

function chainOfTrust(text: string): Check {
  return { check: 'chain-of-trust', says: text };
}

function says({ repository, project, revision, decision }: Omit<TrustedBuild, 'checks'>): string {
  const origin = `${repository} (project ${project}) at ${revision}`;
  if (decision === 'none') {
    return `it says that it was built from ${origin}: that is the task’s own word, no decision task is asked`;
  }
  return `it was built from ${origin}, as its decision task proves`;
}

function boundBy({ decision }: Omit<TrustedBuild, 'checks'>): readonly Check[] {
  if (decision === 'none') return [];
  const { taskId, scope, action } = decision;
  const role = (text: string): string => text.replace(/^assume:/, '');
  return [
    chainOfTrust(
      `decision task ${taskId} is signed too, and may act for ${role(scope)} and no other repository`,
    ),
    ...(action
      ? [chainOfTrust(`so is action task ${action.taskId} of its group, for ${role(action.scope)}`)]
      : []),
    chainOfTrust(`the signed task graph of ${action?.taskId ?? taskId} holds exactly this task`),
  ];
}
