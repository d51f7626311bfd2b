import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PromotionError } from '../../src/domain/errors.ts';
import type { ArtifactFacts, TrustedBuild } from '../../src/domain/plan.ts';
import { digestFromHex } from '../../src/domain/reference.ts';
import { checked } from '../../src/taskcluster/checked.ts';
import { someBytes } from '../helpers/taskcluster/setting.ts';

const block = 4 * 1024 * 1024;

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function factsOf(bytes: Uint8Array): ArtifactFacts {
  const checkpoints = [];
  for (let end = block; end <= bytes.length; end += block) {
    checkpoints.push(sha256(bytes.subarray(0, end)));
  }
  return { size: bytes.length, sha256: digestFromHex(sha256(bytes)), checkpoints };
}

async function* inChunks(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function pass(
  bytes: Uint8Array,
  signed: Uint8Array,
  { approved, sizes = [65_536] }: { approved?: ArtifactFacts; sizes?: readonly number[] } = {},
): Promise<{ released: Buffer; facts?: ArtifactFacts; reason?: string }> {
  const build = {
    taskId: 'JOGECPspRTeY5YOM2CiuZg',
    artifact: { name: 'public/image.tar.zst', sha256: digestFromHex(sha256(signed)) },
  } as TrustedBuild;
  const released: Uint8Array[] = [];
  let facts: ArtifactFacts | undefined;
  const onEnd = (passed: ArtifactFacts): void => {
    facts = passed;
  };
  try {
    for await (const chunk of checked(inChunks(bytes, sizes), { build, approved, onEnd })) {
      released.push(chunk);
    }
    return { released: Buffer.concat(released), ...(facts ? { facts } : {}) };
  } catch (error) {
    if (!(error instanceof PromotionError)) throw error;
    return { released: Buffer.concat(released), reason: error.reason };
  }
}

const big = someBytes(3 * block);

describe('bytes on their way', () => {
  it('have the same facts however they are cut into chunks, and pass unchanged', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(0, 1, block - 1, block, block + 1, 2 * block, 2 * block + 99),
        fc.array(fc.integer({ min: 10_000, max: 3 * block }), { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        async (size, sizes, isApproved) => {
          const bytes = big.subarray(0, size);
          const approved = isApproved ? { approved: factsOf(bytes) } : {};
          const outcome = await pass(bytes, bytes, { ...approved, sizes });
          expect(outcome.reason).toBeUndefined();
          expect(outcome.facts).toEqual(factsOf(bytes));
          expect(outcome.released.equals(bytes)).toBe(true);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('are never released unless they were approved, wherever they differ', async () => {
    const approved = factsOf(big.subarray(0, 2 * block + 99));
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 2 * block + 98 }), async (at) => {
        const bytes = Buffer.from(big.subarray(0, 2 * block + 99));
        bytes[at] = (bytes[at] ?? 0) ^ 1;
        const outcome = await pass(bytes, big.subarray(0, 2 * block + 99), { approved });
        expect(outcome.reason).toBe('changed-artifact');
        expect(outcome.released.length).toBe(Math.floor(at / block) * block);
        expect(outcome.released.equals(bytes.subarray(0, outcome.released.length))).toBe(true);
      }),
      { numRuns: 25 },
    );
  });

  it('are refused where approved facts have fewer checkpoints', async () => {
    const approved = { ...factsOf(big), checkpoints: factsOf(big).checkpoints.slice(0, 1) };
    const outcome = await pass(big, big, { approved });
    expect(outcome).toMatchObject({ reason: 'changed-artifact' });
    expect(outcome.released.length).toBe(block);
  });

  it('are refused at their end where they are not the signed ones', async () => {
    expect(await pass(big.subarray(1), big)).toMatchObject({ reason: 'artifact-hash' });
  });
});
