import { generateKeyPairSync, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { certify, encode, sha256Of } from '../../local/taskcluster/certificate.ts';
import { imageDefinition } from '../../local/taskcluster/definition.ts';
import { newTaskId } from '../../local/taskcluster/task-id.ts';
import type { StoredArtifact } from '../../local/taskcluster/world.ts';
import { isRefusal } from '../../src/domain/errors.ts';
import type { ArtifactFacts, TrustedBuild } from '../../src/domain/plan.ts';
import {
  isSignedBy,
  verifyChainOfTrust,
  type ChainOfTrustKey,
  type SignedDocument,
  type Subject,
} from '../../src/taskcluster/chain-of-trust.ts';
import {
  download,
  image,
  reasonOf,
  revision,
  setting,
  someBytes,
  trusted,
} from '../helpers/taskcluster/setting.ts';

const given = setting();
const pair = generateKeyPairSync('ed25519');
const key = Buffer.from(String(pair.publicKey.export({ format: 'jwk' }).x), 'base64url').toString(
  'base64',
);
/** Only what was tampered with: the good ones are accepted, and asserted to be. */
let refused = 0;

/** A certificate of our own hand, and what it is about. */
const { signed, subject } = handwritten();

function handwritten(): { readonly signed: SignedDocument; readonly subject: Subject } {
  const [source] = image.build.sources;
  if (!source) throw new Error('no source');
  const definition = imageDefinition({
    build: image.build,
    source,
    revision,
    decision: newTaskId(),
    created: new Date('2026-11-01T10:00:00.000Z'),
    level: 3,
    indexHash: 'ab'.repeat(32),
  });
  const run = {
    runId: 0,
    workerGroup: 'us-central1-b',
    workerId: '1',
    resolved: '2026-11-01T10:07:00.000Z',
    expires: definition.expires,
  };
  const taskId = newTaskId();
  const state = { state: 'completed', reasonCreated: 'scheduled', scheduled: run.resolved };
  const sha256s = { 'public/image.tar.zst': sha256Of(Buffer.from('image')) };
  const document = encode(certify({ definition, taskId, run: { ...run, ...state }, sha256s }));
  return {
    signed: { document, signature: sign(null, document, pair.privateKey) },
    subject: { taskId, run, definition: JSON.parse(JSON.stringify(definition)) },
  };
}

function accepted(
  other: Partial<SignedDocument>,
  keys: readonly ChainOfTrustKey[] = [{ key }],
): boolean {
  const outcome = verifyChainOfTrust({ ...signed, ...other }, subject, { keys });
  if (isRefusal(outcome)) refused += 1;
  return !isRefusal(outcome);
}

describe('a certificate', () => {
  it('is accepted as it is', () => {
    expect(accepted({})).toBe(true);
  });

  it('is refused with any bit of its signature changed', () => {
    for (let bit = 0; bit < 512; bit += 1) {
      const signature = flipped(signed.signature, bit >> 3, 1 << (bit & 7));
      expect(accepted({ signature }), `bit ${bit}`).toBe(false);
    }
  });

  it('is refused with a signature of any other length', () => {
    for (let length = 0; length < 64; length += 1) {
      expect(accepted({ signature: signed.signature.subarray(0, length) })).toBe(false);
    }
    for (const more of [1, 2, 64]) {
      const signature = Buffer.concat([signed.signature, Buffer.alloc(more)]);
      expect(accepted({ signature })).toBe(false);
    }
  });

  it('is refused with any byte changed, and cut at any place', () => {
    const { document } = signed;
    for (let at = 0; at < document.length; at += 1) {
      expect(accepted({ document: flipped(document, at, 1 << (at % 8)) }), `byte ${at}`).toBe(
        false,
      );
      if (at % 3 === 0) expect(accepted({ document: document.subarray(0, at) })).toBe(false);
    }
    expect(accepted({ document: Buffer.concat([document, Buffer.from('\n')]) })).toBe(false);
  });

  it('is refused where no key, or only another, is configured', () => {
    expect(accepted({}, [])).toBe(false);
    expect(accepted({}, [{ key: given().taskcluster.key }])).toBe(false);
  });

  it('would be accepted changed, had its key signed the change: only the signature tells', () => {
    const document = Buffer.from(
      Buffer.from(signed.document).toString().replace('10.128.0.7', '10.128.0.8'),
    );
    expect(accepted({ document })).toBe(false);
    expect(accepted({ document, signature: sign(null, document, pair.privateKey) })).toBe(true);
  });

  it('is refused where S has the group’s order added: a signature has one form', () => {
    const order = 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n;
    const s = reversed(signed.signature.subarray(32)).toString('hex');
    const malleable = (BigInt(`0x${s}`) + order).toString(16).padStart(64, '0');
    const signature = Buffer.concat([
      signed.signature.subarray(0, 32),
      reversed(Buffer.from(malleable, 'hex')),
    ]);
    expect(accepted({ signature })).toBe(false);
  });

  it('is not signed by a key of small order', () => {
    const zeros = Buffer.alloc(32).toString('base64');
    const identity = Buffer.concat([Buffer.from([1]), Buffer.alloc(31)]);
    const forged = Buffer.concat([identity, Buffer.alloc(32)]);
    for (const small of [zeros, identity.toString('base64')]) {
      expect(isSignedBy({ document: signed.document, signature: signed.signature }, small)).toBe(
        false,
      );
    }
    expect(accepted({ signature: forged })).toBe(false);
  });

  it('stands until the end of its key’s last day', () => {
    const until = (day: string): boolean => accepted({}, [{ key, until: day }]);
    expect(until('2026-11-01')).toBe(true);
    expect(until('2026-10-31')).toBe(false);
    expect(until('2025-12-31')).toBe(false);
    expect(accepted({}, [{ key, until: '2026-10-31' }, { key }])).toBe(true);
  });
});

describe('an artifact', () => {
  const bytes = someBytes(500);
  let build: TrustedBuild;
  let approved: ArtifactFacts;

  beforeAll(async () => {
    const { builds, publish } = given();
    build = await trusted(builds(), await publish({ archive: bytes }));
    approved = (await download(builds(), build)).artifact.facts();
  });

  async function outcomeOf(
    content: Uint8Array,
    facts?: ArtifactFacts,
  ): Promise<string | undefined> {
    const artifacts = given().taskcluster.tasks.get(build.taskId)?.artifacts.get(0);
    const artifact = artifacts?.get(build.artifact.name) as StoredArtifact;
    artifacts?.set(artifact.name, { ...artifact, content } as StoredArtifact);
    const reason = await reasonOf(download(given().builds(), build, { approved: facts }));
    if (reason) refused += 1;
    return reason;
  }

  it('is given out as it is', async () => {
    expect(await outcomeOf(bytes)).toBeUndefined();
    expect(await outcomeOf(bytes, approved)).toBeUndefined();
  });

  it('is refused with any byte changed', async () => {
    for (let at = 0; at < bytes.length; at += 1) {
      expect(await outcomeOf(flipped(bytes, at, 1 << (at % 8)))).toBe('artifact-hash');
    }
  });

  it('is refused cut at any place, or longer', async () => {
    for (let length = 0; length < bytes.length; length += 2) {
      expect(await outcomeOf(bytes.subarray(0, length))).toBe('artifact-hash');
    }
    for (let more = 1; more < 20; more += 1) {
      expect(await outcomeOf(Buffer.concat([bytes, Buffer.alloc(more)]))).toBe('artifact-hash');
    }
  });

  it('is refused as another than was approved', async () => {
    for (let at = 0; at < bytes.length; at += 5) {
      expect(await outcomeOf(flipped(bytes, at, 1), approved)).toBe('changed-artifact');
    }
  });
});

afterAll(() => {
  console.log(`${refused} tampered certificates, signatures and artifacts refused, 0 accepted`);
  expect(refused).toBeGreaterThan(2000);
});

function reversed(bytes: Uint8Array): Buffer {
  return Buffer.from([...bytes].toReversed());
}

function flipped(bytes: Uint8Array, at: number, mask: number): Uint8Array {
  const other = Buffer.from(bytes);
  other[at] = (other[at] ?? 0) ^ mask;
  return other;
}
