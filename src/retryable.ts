import type { Refusal } from './errors.ts';
import type { Reason } from './reasons.ts';

const brokenWorld =
  /^(registry|docker|sops|taskcluster|download|tree|group|person|alias|channel-unknown|slack|database|interrupted|unexpected|artifact-length|read-back)/;

/**
 * Whether the same promotion may work out another time under the same approval: the world was broken, not different.
 * Whatever says that the image, the build or the tag is not the approved one is final.
 */
export function isRetryable({ reason }: Refusal): boolean {
  return brokenWorld.test(reason satisfies Reason);
}
