import type { BuildPolicy } from '../image.ts';
import type { Check, TrustedBuild } from '../plan.ts';

/** What was proven, one short sentence each, in the order in which it was. `decision` is the deep mode's sentence. */
export function checksOf(
  build: Omit<TrustedBuild, 'checks'>,
  { name, project }: BuildPolicy,
  decision: string | undefined,
): readonly Check[] {
  const { runId, artifact } = build;
  const definition = (says: string): Check => ({ check: 'definition', says });
  const chainOfTrust = (says: string): Check => ({ check: 'chain-of-trust', says });
  return [
    {
      check: 'status',
      says: `run ${runId} is the task’s latest, completed at ${build.builtAt}; nothing expires before ${build.expires}`,
    },
    definition(`it ran in worker pool ${build.workerPool}, under scheduler ${build.schedulerId}`),
    definition(`it is labelled ${build.label} and builds the image ${name}`),
    definition(`it was built from ${build.repository} (project ${project}) at ${build.revision}`),
    definition('it comes from no pull request, nobody could log in to it, and chainOfTrust was on'),
    definition(`it has the level-3 cache route ${build.route}`),
    chainOfTrust(`the certificate is signed by the configured key ${build.signedBy}`),
    chainOfTrust('the certificate names this task, this run and the worker that the queue names'),
    chainOfTrust('the signed definition equals the queue’s'),
    ...(decision === undefined ? [] : [chainOfTrust(decision)]),
    {
      check: 'artifact',
      says: `${artifact.name} is stored as ${artifact.storage}, and its signed hash is ${artifact.sha256}`,
    },
  ];
}
