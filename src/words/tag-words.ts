import { code, cut, words, type Mrkdwn } from './mrkdwn.ts';
import type { Plan } from '../domain/plan.ts';
import type { Pushed } from '../domain/states.ts';

/** What people read of a tag that the bot did not set itself: sentences, as parts of a message. */

/** For the plan: that the tag was taken by somebody else, with this very image. Nothing is sent, and it takes two people. */
export function foundWords({ tagNow }: Plan): Mrkdwn {
  if (tagNow.state !== 'found') return words``;
  return words`The tag holds it already (${code(tagNow.digest)}), but *I did not publish that*: each of its layers was proven to be this image’s. Nothing will be sent; the approval is for that digest and the patch that pins it. `;
}

export function pushWords({ tagNow, target, registry }: Plan): Mrkdwn {
  const subject = code(`${target.name}:${target.tag}`);
  const work =
    tagNow.state === 'found'
      ? words`proving once more what ${subject} holds`
      : words`pushing ${subject}`;
  return words`Decrypting the credentials for ${code(registry)} and ${work}.`;
}

/** Why the digest is the approved image’s. */
export function proofWords({ wasThere }: Pushed): Mrkdwn {
  return wasThere
    ? words`The tag held it already, so nothing was sent: its config and each of its layers are proven to be the approved ones.`
    : words`Read back from the registry: it is the very manifest that was put there, of the approved config and layers.`;
}

/** For everybody in the channel: the tag is dangerous to whoever pulls it. */
export function impostorWords(found: {
  /** The request that found it. */
  readonly id: string;
  readonly target: string;
  readonly digest: string;
  readonly problem: string;
}): Mrkdwn {
  const { id, target, digest, problem } = found;
  return words`:rotating_light: *Do not pull* ${code(cut(target, 200))}: it holds ${code(digest)}, which carries the id of a trusted image over layers that are not that image’s (${cut(problem, 300)}). I did not publish it; somebody who may push there did. Found by ${code(id)}.`;
}
