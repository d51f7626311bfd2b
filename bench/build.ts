import type { TrustedBuild } from '../src/domain/plan.ts';
import { digestFromHex, Revision, TaskId, type Digest } from '../src/domain/reference.ts';

const anything = digestFromHex('0'.repeat(64));

/** A build whose artifact is this file; the bench's server hands it out under this name. */
export function builtWith(sha256: Digest, file = 'image.tar.zst'): TrustedBuild {
  return {
    taskId: TaskId.parse('BenchBenTcChBenchBencQ'),
    runId: 0,
    label: 'docker-image-bench',
    repository: 'https://github.com/mozilla-releng/fxci-config',
    project: 'fxci-config',
    decision: 'none',
    revision: Revision.parse('0'.repeat(40)),
    workerPool: 'releng-3/linux-docker',
    schedulerId: 'releng-level-3',
    route: 'releng.cache.level-3.docker-images.v2.bench.hash.0',
    indexHash: '0'.repeat(64),
    builtAt: '2026-01-01T00:00:00.000Z',
    expires: '2027-01-01T00:00:00.000Z',
    definition: anything,
    certificate: anything,
    signedBy: '',
    artifact: { name: `public/${file}`, storage: 's3', sha256 },
    checks: [],
  };
}
