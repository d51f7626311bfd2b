import { generateKeyPairSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { isRefusal } from '../../src/errors.ts';
import { TaskId } from '../../src/reference.ts';
import {
  verifyChainOfTrust,
  type ChainOfTrustKey,
  type SignedDocument,
  type Subject,
} from '../../src/taskcluster/chain-of-trust.ts';

/** A certificate that a production worker signed in September 2021, for a decision task of Gecko. */
const folder = join(resolve(process.env['PROMOTE_IMAGE_SHARED'] ?? '../shared'), 'cot-vector');
const key = '1cnK7Qc2wjL9Dl7XTBgNE9Ns+NWHraCE5qfxblEKg8A=';

/** Keys of other years and of other worker implementations. */
const otherKeys = [
  'Kz/aZIVeR6NP8gQU1U+2CCIZqvbd+4QCP6J63lflwik=',
  'kni6ts7z/MRkvs7i6+SF/T6UWj0hAJoHEcrgHB8BBR0=',
  'KO3FX9JnNga/XViTRBiUMHYnji9Fu3s332sU2lXjSwE=',
  'jFmyvf3lQiiX0qIFxal5KgIIq6VpUBTQfAtD6hEi8Ms=',
  ...Array.from({ length: 16 }, randomKey),
];

let vector: SignedDocument;
let subject: Subject;

beforeAll(async () => {
  const [document, signature] = await Promise.all([
    readFile(join(folder, 'chain-of-trust.json')),
    readFile(join(folder, 'chain-of-trust.json.sig')),
  ]);
  vector = { document, signature };
  const claimed = z
    .object({
      task: z.record(z.string(), z.unknown()),
      taskId: TaskId,
      runId: z.int(),
      workerGroup: z.string(),
      workerId: z.string(),
    })
    .parse(JSON.parse(document.toString()));
  subject = {
    taskId: claimed.taskId,
    definition: claimed.task,
    run: {
      runId: claimed.runId,
      workerGroup: claimed.workerGroup,
      workerId: claimed.workerId,
      resolved: '2021-09-22T16:20:00.000Z',
      expires: '2022-09-22T16:12:22.446Z',
    },
  };
});

describe('a certificate that a production worker signed', () => {
  it('verifies with its key, and gives the artifacts’ hashes', () => {
    const certificate = verify(vector, [{ key, until: '2022-09-30' }]);
    if (isRefusal(certificate)) throw new Error(certificate.reason);
    expect(certificate.signedBy).toBe(key);
    expect(certificate.sha256('public/task-graph.json')).toBe(
      'sha256:54d3dde27d4d42002dfcacb45b36cd18e509ed38d3bc29dc6a5b9c38e87a4e27',
    );
    expect(certificate.sha256('public/image.tar.zst')).toBeUndefined();
  });

  it('verifies where its key is one of several', () => {
    const keys = [...otherKeys, key].map((one) => ({ key: one }));
    expect(isRefusal(verify(vector, keys))).toBe(false);
  });

  it('verifies with no other key', () => {
    for (const other of otherKeys) {
      expect(verify(vector, [{ key: other }])).toMatchObject({ reason: 'bad-signature' });
    }
    console.log(`${otherKeys.length} other keys: 0 accepted`);
  });

  it('is refused where its key had ended before the run', () => {
    expect(verify(vector, [{ key, until: '2021-09-21' }])).toMatchObject({ reason: 'key-expired' });
  });

  it('is refused with one byte more, one less, or one bit other', () => {
    const { document, signature } = vector;
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
      ...documents.map((other) => verify({ document: other, signature }, [{ key }])),
      ...signatures.map((other) => verify({ document, signature: other }, [{ key }])),
    ].filter((outcome) => !isRefusal(outcome) || outcome.reason !== 'bad-signature');
    console.log(
      `${documents.length} documents and ${signatures.length} signatures: ${accepted.length} accepted`,
    );
    expect(documents.length).toBe(12_870 + 5);
    expect(accepted).toEqual([]);
  });

  it('is refused for another task, run, worker or definition', () => {
    const { run, definition } = subject;
    const others: readonly (readonly [Partial<Subject>, string])[] = [
      [{ taskId: TaskId.parse('XTNzjWbhS9SuMxBnH08YCQ') }, 'certificate-mismatch'],
      [{ run: { ...run, runId: 1 } }, 'certificate-mismatch'],
      [{ run: { ...run, workerGroup: 'us-west-1' } }, 'certificate-mismatch'],
      [{ run: { ...run, workerId: 'i-0' } }, 'certificate-mismatch'],
      [{ definition: { ...definition, scopes: ['queue:route:another'] } }, 'definition-mismatch'],
    ];
    for (const [other, reason] of others) {
      const outcome = verifyChainOfTrust(vector, { ...subject, ...other }, { keys: [{ key }] });
      expect(outcome).toMatchObject({ reason });
    }
  });
});

function verify(
  signed: SignedDocument,
  keys: readonly ChainOfTrustKey[],
): ReturnType<typeof verifyChainOfTrust> {
  return verifyChainOfTrust(signed, subject, { keys });
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
