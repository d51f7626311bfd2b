import { generateKeyPairSync, sign } from 'node:crypto';
import type { Twists } from '../builds.ts';

/** Builds that must be refused, for whoever wants to see it happen: give one of these to `publishBuild` besides. */
export const twists = {
  /** Everything about it is of level 1, as a push to a branch that nobody guards. */
  level1: {
    level: 1,
    definition: (task) => {
      task.provisionerId = task.provisionerId?.replace(/3$/, '1') ?? '';
      task.taskQueueId = `${task.provisionerId}/${task.workerType}`;
    },
    sign: signedByLevel1,
  },
  /** The definition is of level 3 word for word, but a worker of level 1 has signed. */
  signedByLevel1: { sign: signedByLevel1 },
  unsigned: { sign: 'unsigned' },
  pullRequest: {
    definition: (task) => {
      task.routes = task.routes.map((route) => route.replace('.level-3.', '.pr.'));
    },
  },
  interactive: {
    definition: (task) => {
      task.payload.features['interactive'] = true;
    },
  },
  failed: {
    runs: (run) => [{ ...run, state: 'failed', reasonResolved: 'failed' }],
  },
  /** Somebody runs it again: what it gave so far no longer counts. */
  rerun: {
    runs: (run) => [
      run,
      { runId: 1, state: 'pending', reasonCreated: 'rerun', scheduled: run.scheduled },
    ],
  },
  expired: { created: new Date('2024-01-01T00:00:00.000Z') },
  /** The task itself has chosen where the image lies. */
  reference: {
    artifact: ({ name, contentType, expires }) => ({
      name,
      contentType,
      expires,
      storageType: 'reference',
      url: 'https://example.com/image.tar.zst',
    }),
  },
  /** What is stored is not what the worker has hashed. */
  tampered: {
    certificate: (certificate) => {
      certificate.artifacts['public/image.tar.zst'] = { sha256: '00'.repeat(32) };
      return certificate;
    },
  },
} as const satisfies Record<string, Twists>;

function signedByLevel1(document: Uint8Array): Uint8Array {
  return sign(null, document, generateKeyPairSync('ed25519').privateKey);
}
