import type { Using } from './hands.ts';
import type { Refusal } from '../domain/errors.ts';
import { isImpostor } from '../domain/impostor.ts';
import { anchored, say } from '../words/messages.ts';
import type { Promotion } from '../domain/states.ts';
import { impostorWords } from '../words/tag-words.ts';

/** What a warning takes. */
export type Warning = Using<'policy', 'store'>;

/**
 * Where a refusal tells of an impostor, the log gets an event and everybody in the channel a line of their own: whoever
 * pulls that tag is in danger, also who does not follow the request. Once for each request and digest.
 */
export async function warnOfImpostor(
  { id }: Promotion,
  refusal: Refusal,
  { ports, policy }: Warning,
): Promise<void> {
  if (!isImpostor(refusal)) return;
  const { target = '', digest = '', problem = '' } = refusal.facts;
  const data = { promotion: id, registry: policy.registry.url, target, digest, problem };
  await ports.store.note({
    event: { kind: 'impostor-found', actor: 'bot', data },
    envelope: `impostor:${id}:${digest}`,
    posts: (anchor) => [
      {
        kind: 'thread',
        message: anchored(say(impostorWords({ id, target, digest, problem })), anchor),
      },
    ],
  });
}
