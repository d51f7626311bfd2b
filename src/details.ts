import { mrkdwn, type Block } from './blocks.ts';
import { bytes, code, joined, words, type Mrkdwn } from './mrkdwn.ts';
import type { Plan } from './plan.ts';
import { taskLink, verdict } from './plan-lines.ts';
import type { Promotion } from './states.ts';

/** Every proven fact of a plan, for the details view: nothing is cut there that somebody may want to compare. */
export function details(
  promotion: Promotion,
  facts: { readonly rootUrl: string },
): readonly Block[] {
  const { plan, planHash } = promotion as { plan?: Plan; planHash?: string };
  if (!plan) return [mrkdwn(words`There is no plan yet.`)];
  const { build, contents, artifact } = plan;
  const layers = contents.layers.map(({ diffId, size }) => words`${code(diffId)} ${bytes(size)}`);
  return [
    ...inSections(words`*Verdict*`, verdict(plan)),
    mrkdwn(
      words`*Task* ${taskLink(plan, facts)} run ${build.runId}\n*Route* ${code(build.route)}\n*Signed by* ${code(build.signedBy)}`,
    ),
    mrkdwn(words`*Artifact* ${bytes(artifact.size)}, ${code(artifact.sha256)}`),
    mrkdwn(words`*Image id* ${code(contents.imageId)}, ${contents.platform}`),
    ...('digest' in plan.tagNow
      ? [mrkdwn(words`*The tag holds* ${code(plan.tagNow.digest)}`)]
      : []),
    ...inSections(words`*Layers*`, layers),
    mrkdwn(words`*Plan hash* ${code(String(planHash))}`),
  ];
}

/** Lines in as many sections as Slack’s limit of 3,000 characters needs. */
function inSections(title: Mrkdwn, lines: readonly Mrkdwn[]): readonly Block[] {
  const sections: Mrkdwn[] = [];
  let part = [title];
  for (const line of lines) {
    if (joined([...part, line], '\n').text.length > 2900) {
      sections.push(joined(part, '\n'));
      part = [];
    }
    part.push(line);
  }
  return [...sections, joined(part, '\n')].slice(0, 20).map(mrkdwn);
}
