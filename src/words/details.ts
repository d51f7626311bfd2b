import { mrkdwn, quoted } from './blocks.ts';
import type { Block } from '../domain/post.ts';
import { bytes, code, joined, words, type Mrkdwn } from './mrkdwn.ts';
import type { Plan } from '../domain/plan.ts';
import { pinLines, taskLink, verdict, warningLines } from './plan-lines.ts';
import type { Promotion } from '../domain/states.ts';

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
    mrkdwn(words`*Verdict*`),
    ...parts(verdict(plan), (line) => line.length).map((lines) => quoted(...lines)),
    mrkdwn(
      words`*Task* ${taskLink(plan, facts)} run ${build.runId}\n*Route* ${code(build.route)}\n*Signed by* ${code(build.signedBy)}`,
    ),
    mrkdwn(words`*Artifact* ${bytes(artifact.size)}, ${code(artifact.sha256)}`),
    mrkdwn(words`*Image id* ${code(contents.imageId)}, ${contents.platform}`),
    ...('digest' in plan.tagNow
      ? [mrkdwn(words`*The tag holds* ${code(plan.tagNow.digest)}`)]
      : []),
    ...inSections([words`*Layers*`, ...layers], 10),
    ...inSections(pinLines(plan, whole), 60),
    ...inSections(warningLines(plan), 10),
    mrkdwn(words`*Plan hash* ${code(String(planHash))}`),
  ];
}

const whole = (text: string): string => text;

/** Lines in sections: a modal has room for 100 in all, so `most`; how many lines there are besides is said. */
function inSections(lines: readonly Mrkdwn[], most: number): readonly Block[] {
  const all = parts(lines, ({ text }) => text.length);
  const more = all.slice(most).flat().length;
  const rest = more > 0 ? [mrkdwn(words`… and ${more} more`)] : [];
  return [...all.slice(0, most).map((part) => mrkdwn(joined(part, '\n'))), ...rest];
}

/** Lines in as many parts as Slack’s limit of 3,000 characters needs. */
function parts<T>(lines: readonly T[], lengthOf: (line: T) => number): readonly (readonly T[])[] {
  const found: T[][] = [];
  let left = 0;
  for (const line of lines) {
    left -= lengthOf(line) + 1;
    if (left < 0) {
      found.push([]);
      left = 2900 - lengthOf(line);
    }
    found.at(-1)?.push(line);
  }
  return found;
}
