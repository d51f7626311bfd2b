import type { LogCheck } from './event.ts';
import type { AuditKeys } from './audit-keys.ts';
import { replayCheck } from './audit-replay.ts';
import { signatureCheck } from './audit-signatures.ts';
import { restoreCheck } from './restores.ts';

/** Everything that a log is asked besides whether its chain is whole. Each run needs its own. */
export function logChecks(keys: Pick<AuditKeys, 'isSigned'>): readonly LogCheck[] {
  return [signatureCheck(keys), replayCheck(), restoreCheck()];
}
