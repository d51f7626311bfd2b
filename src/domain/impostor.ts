import { refuse, type Refusal } from './errors.ts';
import type { Target } from './plan.ts';
import type { Digest } from './reference.ts';

/** A tag that carries the image’s id, and of which not every layer could be proven to be the image’s. */
export interface Impostor {
  readonly target: Target;
  readonly digest: Digest;
  /** What is not the image’s own, in words. */
  readonly problem: string;
}

/** Why nothing is published under a tag that holds an impostor: taken, and dangerous. */
export function refuseImpostor({ target, digest, problem }: Impostor): Refusal {
  return refuse('tag-taken', {
    target: `${target.name}:${target.tag}`,
    digest,
    problem,
    what: 'this image’s id over layers that are not its own, so that whoever pulls it runs something else',
    advice: `Do not pull or pin it: ${problem}. Find out who put it there, and publish under another tag`,
  });
}

/** Whether a refusal tells of an impostor, and not of a tag that is merely taken. */
export function isImpostor({ reason, facts }: Refusal): boolean {
  return reason === 'tag-taken' && facts['problem'] !== undefined;
}
