import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { isRefusal } from '../../src/domain/errors.ts';
import { TaskId } from '../../src/domain/reference.ts';
import {
  verifyChainOfTrust,
  type ChainOfTrustKey,
  type SignedDocument,
  type Subject,
} from '../../src/taskcluster/chain-of-trust.ts';

/** A certificate that a worker signed, and what the queue said about its run. */
export interface Vector {
  readonly signed: SignedDocument;
  readonly subject: Subject;
  readonly key: string;
  /** An artifact of it, and its hash in hex. */
  readonly artifact: readonly [name: string, sha256: string];
}

/** Keys of other years and of other worker implementations, and some of nobody's. */
const otherKeys = [
  'Kz/aZIVeR6NP8gQU1U+2CCIZqvbd+4QCP6J63lflwik=',
  'kni6ts7z/MRkvs7i6+SF/T6UWj0hAJoHEcrgHB8BBR0=',
  'KO3FX9JnNga/XViTRBiUMHYnji9Fu3s332sU2lXjSwE=',
  'jFmyvf3lQiiX0qIFxal5KgIIq6VpUBTQfAtD6hEi8Ms=',
  ...Array.from({ length: 16 }, randomKey),
];

/** Holds for the certificate of any worker, of whichever implementation and year. */
export function certificateContract(name: string, given: () => Vector): void {
  function verify(
    keys: readonly ChainOfTrustKey[] = [{ key: given().key }],
    other: { readonly signed?: SignedDocument; readonly subject?: Partial<Subject> } = {},
  ): ReturnType<typeof verifyChainOfTrust> {
    const { signed, subject } = given();
    return verifyChainOfTrust(other.signed ?? signed, { ...subject, ...other.subject }, { keys });
  }

  describe(name, () => {
    it('verifies with its key, and gives the artifacts’ hashes', () => {
      const { key, artifact } = given();
      const certificate = verify();
      if (isRefusal(certificate)) throw new Error(certificate.reason);
      expect(certificate.signedBy).toBe(key);
      expect(certificate.sha256(artifact[0])).toBe(`sha256:${artifact[1]}`);
      expect(certificate.sha256('public/nothing')).toBeUndefined();
    });

    it('verifies where its key is one of several', () => {
      const keys = [...otherKeys, given().key].map((one) => ({ key: one }));
      expect(isRefusal(verify(keys))).toBe(false);
    });

    it('verifies with no other key', () => {
      for (const other of otherKeys) {
        expect(verify([{ key: other }])).toMatchObject({ reason: 'bad-signature' });
      }
      console.log(`${name}: ${otherKeys.length} other keys: 0 accepted`);
    });

    it('is refused where its key had ended before the run, and not on its last day', () => {
      const { key, subject } = given();
      const day = subject.run.resolved.slice(0, 10);
      const before = new Date(Date.parse(day) - 1000).toISOString().slice(0, 10);
      expect(verify([{ key, until: before }])).toMatchObject({ reason: 'key-expired' });
      expect(isRefusal(verify([{ key, until: day }]))).toBe(false);
    });

    it('is refused with one byte more, one less, or one bit other', () => {
      const { document, signature } = given().signed;
      const documents = [
        Buffer.concat([document, Buffer.from('\n')]),
        Buffer.concat([Buffer.from(' '), document]),
        Buffer.concat([Buffer.from('\uFEFF'), document]),
        document.subarray(1),
        document.subarray(0, -1),
        ...Array.from(document, (_, at) => flipped(document, at, 1 << (at % 8))),
      ];
      const signatures = [
        Buffer.alloc(0),
        Buffer.alloc(64),
        signature.subarray(0, 63),
        Buffer.concat([signature, Buffer.from([0])]),
        ...Array.from({ length: 512 }, (_, bit) => flipped(signature, bit >> 3, 1 << (bit & 7))),
      ];
      const accepted = [
        ...documents.map((other) => verify(undefined, { signed: { document: other, signature } })),
        ...signatures.map((other) => verify(undefined, { signed: { document, signature: other } })),
      ].filter((outcome) => !isRefusal(outcome) || outcome.reason !== 'bad-signature');
      const tried = `${documents.length} documents and ${signatures.length} signatures`;
      console.log(`${name}: ${tried}: ${accepted.length} accepted`);
      expect(documents.length).toBe(document.length + 5);
      expect(accepted).toEqual([]);
    });

    it('is refused for another task, run, worker or definition', () => {
      const { run, definition } = given().subject;
      const others: readonly (readonly [Partial<Subject>, string])[] = [
        [{ taskId: TaskId.parse('XTNzjWbhS9SuMxBnH08YCQ') }, 'certificate-mismatch'],
        [{ run: { ...run, runId: 1 } }, 'certificate-mismatch'],
        [{ run: { ...run, workerGroup: 'us-west-1' } }, 'certificate-mismatch'],
        [{ run: { ...run, workerId: 'i-0' } }, 'certificate-mismatch'],
        [{ definition: { ...definition, scopes: ['queue:route:another'] } }, 'definition-mismatch'],
      ];
      for (const [subject, reason] of others) {
        expect(verify(undefined, { subject })).toMatchObject({ reason });
      }
    });
  });
}

const Claimed = z.object({
  task: z.record(z.string(), z.unknown()),
  taskId: TaskId,
  runId: z.int(),
  workerGroup: z.string(),
  workerId: z.string(),
});

/** A subject that agrees with what the document says, but for what is given. */
export function claimed(
  { document }: SignedDocument,
  times: { readonly resolved: string; readonly expires: string },
): Subject {
  const { task, taskId, runId, workerGroup, workerId } = Claimed.parse(
    JSON.parse(Buffer.from(document).toString()),
  );
  return { taskId, definition: task, run: { runId, workerGroup, workerId, ...times } };
}

function flipped(bytes: Uint8Array, at: number, mask: number): Uint8Array {
  const other = Buffer.from(bytes);
  other[at] = (other[at] ?? 0) ^ mask;
  return other;
}

function randomKey(): string {
  const { publicKey } = generateKeyPairSync('ed25519');
  return Buffer.from(String(publicKey.export({ format: 'jwk' }).x), 'base64url').toString('base64');
}
