import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { verifyChainOfTrust } from '../../src/taskcluster/chain-of-trust.ts';
import { certificateContract, claimed, type Vector } from '../contracts/certificate.ts';
import { casesFolder } from '../helpers/real/shared-cases.ts';

/** A certificate that a production worker (docker-worker) signed in September 2021, for a decision task of Gecko. */
async function dockerWorker(): Promise<Vector> {
  const folder = join(casesFolder, '..', 'cot-vector');
  const [document, signature] = await Promise.all([
    readFile(join(folder, 'chain-of-trust.json')),
    readFile(join(folder, 'chain-of-trust.json.sig')),
  ]);
  const signed = { document, signature };
  const times = { resolved: '2021-09-22T16:20:00.000Z', expires: '2022-09-22T16:12:22.446Z' };
  return {
    signed,
    subject: claimed(signed, times),
    key: '1cnK7Qc2wjL9Dl7XTBgNE9Ns+NWHraCE5qfxblEKg8A=',
    artifact: [
      'public/task-graph.json',
      '54d3dde27d4d42002dfcacb45b36cd18e509ed38d3bc29dc6a5b9c38e87a4e27',
    ],
  };
}

const Recorded = z.object({
  publicKey: z.base64(),
  document: z.base64(),
  signature: z.base64(),
  definition: z.record(z.string(), z.unknown()),
});

/** One that generic-worker of Taskcluster v106 (multiuser, d2g) signed for an image task; the queue's definition of it. */
async function genericWorker(): Promise<Vector> {
  const file = join(casesFolder, 'real-taskcluster', 'certificate.json');
  const { definition, publicKey, ...bytes } = Recorded.parse(
    JSON.parse(await readFile(file, 'utf8')),
  );
  const [document, signature] = [bytes.document, bytes.signature].map((text) =>
    Buffer.from(text, 'base64'),
  );
  if (!document || !signature) throw new Error('nothing was recorded');
  const signed = { document, signature };
  const times = { resolved: '2026-11-30T20:10:40.251Z', expires: '2027-11-30T20:10:16.309Z' };
  return {
    signed,
    subject: { ...claimed(signed, times), definition },
    key: publicKey,
    artifact: [
      'public/image.tar.zst',
      '45119ecc22763c3a7746960b3851b889d39778e8939b310a914179421522ff23',
    ],
  };
}

const [older, newer] = [await dockerWorker(), await genericWorker()];
certificateContract('a certificate that a production worker signed', () => older);
certificateContract('a certificate that generic-worker of v106 signed', () => newer);

describe('two real certificates', () => {
  it('do not verify with each other’s key', () => {
    for (const [{ signed, subject }, { key }] of [
      [older, newer],
      [newer, older],
    ] as const) {
      expect(verifyChainOfTrust(signed, subject, { keys: [{ key }] })).toMatchObject({
        reason: 'bad-signature',
      });
    }
  });
});
