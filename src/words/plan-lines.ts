import { treeName } from '../domain/image.ts';
import { code, cut, link, words, short, utc, type Mrkdwn } from './mrkdwn.ts';
import type { Plan, Warning } from '../domain/plan.ts';

/** What a plan says, line by line, for the card and the details. */

/** What was proven, to be shown as it is. `show`: whole, or as far as the eye compares it. */
export function verdict({ build }: Plan, show = (says: string) => says): readonly string[] {
  return build.checks.map(({ says }) => `✓ ${show(cut(says, 400))}`);
}

/** Hashes and keys cut to what the eye compares, moments to the minute: the details have them whole. */
export function brief(text: string): string {
  return text
    .replaceAll(/\b[0-9a-f]{40,64}\b/g, (hash) => `${hash.slice(0, 12)}…`)
    .replaceAll(/[A-Za-z0-9+/]{43}=/g, (key) => `${key.slice(0, 8)}…`)
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (iso) => utc(iso));
}

/** Which pins change, from what. `show` as for the verdict. */
export function pinLines(plan: Plan, show = brief): readonly Mrkdwn[] {
  if (plan.pins.length === 0) return [words`*Pins* none`];
  const sources = new Set(plan.pins.map(({ source }) => source));
  const lines = plan.pins.map(({ source, path, line, from }) => {
    const says = from.startsWith(`${plan.target.name}:`)
      ? from.slice(plan.target.name.length + 1)
      : from;
    const tree = sources.size > 1 ? words` in ${cut(treeName(source), 60)}` : '';
    return words`• ${place({ path, line })}${tree} now ${code(cut(show(says), 200))}`;
  });
  return [words`*Pins that will change*`, ...lines];
}

export function warningLines(plan: Plan): readonly Mrkdwn[] {
  return plan.warnings.map((warning) => words`:warning: ${warns(warning)}`);
}

function place({ path, line }: { readonly path: string; readonly line: number }): Mrkdwn {
  return code(`${cut(path, 200)}:${line}`);
}

function warns(warning: Warning): Mrkdwn {
  switch (warning.warning) {
    case 'cached':
      return words`The commit asked for (${code(short(warning.asked))}) did not build this image: the task was cached. It was built from ${code(short(warning.built))}.`;
    case 'mercurial-changed':
      return words`Mercurial changes from ${warning.from} to ${warning.to}: the checkout cache’s name goes up too.`;
    case 'mercurial-unknown':
      return words`Mercurial is ${warning.to}; which one the image now pinned has is not known. ${brief(cut(warning.problem, 300))} Look whether the checkout cache’s name must go up.`;
    case 'own-word':
      return words`Nothing proves where this build comes from: ${cut(warning.repository, 200)} and commit ${code(short(warning.revision))} are the task’s own word (no decision task is asked for this image).`;
    case 'expires-early':
      return words`Taskcluster drops this build at ${utc(warning.expires)}, before a request as new as this one ends: what is not approved and pushed by then needs a new build.`;
    case 'tag-unseen':
      return words`The registry does not show the tag without credentials: it is looked at first thing after the approval, before a layer moves.`;
    case 'tag-given':
      return words`The tag was given by hand; this image’s usual tag comes from ${warning.rule}.`;
    case 'pin-not-understood':
      return words`${place(warning)} names the image in a form that I do not understand: update it by hand.`;
    case 'pin-not-patchable':
      return words`${place(warning)} pins the image, but no patch can name that path: update it by hand.`;
    case 'no-pins':
      return words`${warning.source} pins this image nowhere.`;
    case 'moving-tag':
      return words`${place(warning)} names ${code(cut(warning.name, 100))}, a tag that moves: it follows that one and is left as it is.`;
    case 'released-tag':
      return words`${place(warning)} pins ${code(cut(warning.tag, 60))}: releases of ${warning.repository} publish such tags themselves. Where the next release will do, wait for it and pin that.`;
  }
}

/** The task that built the image, as a link to its page. */
export function taskLink({ build }: Plan, { rootUrl }: { readonly rootUrl: string }): Mrkdwn {
  return link(`${rootUrl}/tasks/${build.taskId}`, build.taskId);
}
