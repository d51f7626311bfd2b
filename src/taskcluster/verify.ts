import { createHash } from 'node:crypto';
import { canonicalHash } from '../domain/canonical.ts';
import { refuse, type Refusal } from '../domain/errors.ts';
import type { BuildPolicy } from '../domain/image.ts';
import type { TrustedBuild } from '../domain/plan.ts';
import { digestFromHex, type Digest, type TaskId } from '../domain/reference.ts';
import type { Source, Storage } from './artifact.ts';
import {
  lasting,
  verifyChainOfTrust,
  type Believed,
  type Certificate,
  type Subject,
} from './chain-of-trust.ts';
import { checksOf } from './checks.ts';
import { boundByDecision, type Created } from './decision.ts';
import { definedBuild, type DefinedBuild } from './definition.ts';
import { readArtifact } from './read-artifact.ts';
import { readCertificate, readSubject } from './evidence.ts';

const imageArtifact = 'public/image.tar.zst';

/** What to believe, and when. */
export interface Trust extends Believed {
  readonly now: () => Date;
}

/**
 * Proves where a task's latest run comes from: its status, its definition, its chain of trust, the decision task that
 * planned it, its artifact's storage.
 */
export async function verifyBuild(
  source: Source,
  trust: Trust,
  { build, taskId }: { readonly build: BuildPolicy; readonly taskId: TaskId },
): Promise<TrustedBuild | Refusal> {
  const task = await readSubject(source, taskId, trust.now());
  if ('outcome' in task) return task;
  const { subject, parsed } = task;
  const claim = definedBuild(parsed, build, taskId);
  if ('outcome' in claim) return claim;
  const { claimed, ...defined } = claim;
  const signed = await readCertificate(source, subject);
  if ('outcome' in signed) return signed;
  const certificate = verifyChainOfTrust(signed, subject, trust);
  if ('outcome' in certificate) return certificate;
  const created = { subject, parsed, claimed, build, revision: defined.revision };
  const origin = await provenOrigin(source, trust, created);
  if ('outcome' in origin) return origin;
  const stored = await provenArtifact(source, { subject, certificate }, trust.now());
  if ('outcome' in stored) return stored;
  const definition = definitionHash(subject, trust);
  if (typeof definition !== 'string') return definition;
  const proven = {
    taskId,
    runId: subject.run.runId,
    ...defined,
    ...origin,
    builtAt: subject.run.resolved,
    expires: earliest([subject.run.expires, stored.expires, signed.expires]),
    definition,
    certificate: digestFromHex(createHash('sha256').update(signed.document).digest('hex')),
    signedBy: certificate.signedBy,
    artifact: stored.artifact,
  };
  return { ...proven, checks: checksOf(proven, build.name) };
}

/** Artifacts may expire before their task. ISO 8601, UTC. */
function earliest(times: readonly string[]): string {
  return times.toSorted((a, b) => Date.parse(a) - Date.parse(b))[0] ?? '';
}

type Origin = Pick<TrustedBuild, 'repository' | 'project' | 'branch' | 'decision'>;

/** Where the build comes from: as its decision task proves, or by its own word where the policy asks for none. */
async function provenOrigin(
  source: Source,
  trust: Trust,
  {
    build,
    claimed,
    ...created
  }: Omit<Created, 'pool' | 'trustDomain'> & {
    readonly build: BuildPolicy;
    readonly claimed: DefinedBuild['claimed'];
  },
): Promise<Origin | Refusal> {
  const { decision, trustDomain } = build;
  if (decision === 'none') {
    const [{ repository, project }] = claimed;
    return { repository, project, decision };
  }
  const asked = { ...created, claimed, trustDomain, pool: decision.pool };
  const bound = await boundByDecision(source, trust, asked);
  if ('outcome' in bound) return bound;
  const { repository, project, branch } = bound.source;
  return { repository, project, branch, decision: bound.decision };
}

interface Stored {
  readonly name: string;
  readonly storage: Storage;
  readonly sha256: Digest;
}

async function provenArtifact(
  source: Source,
  { subject, certificate }: { readonly subject: Subject; readonly certificate: Certificate },
  now: Date,
): Promise<{ artifact: Stored; expires: string } | Refusal> {
  const {
    taskId,
    run: { runId },
  } = subject;
  const facts = { task: taskId, artifact: imageArtifact };
  const sha256 = certificate.sha256(imageArtifact);
  if (!sha256) return refuse('artifact-not-signed', facts);
  const info = await source.metadata.artifactInfo({ taskId, runId, name: imageArtifact });
  if (!info) return refuse('artifact-missing', { ...facts, run: String(runId) });
  const { storageType: storage, expires } = info;
  // The queue says why there is none when it is asked for the content.
  if (storage === 'error') await readArtifact(source, { taskId, runId, name: imageArtifact }, 1);
  // The task itself chooses where a reference or a link leads, and neither is ever hashed by the worker: a hash that is
  // certified under its name can only be one that the task wrote there itself.
  if (info.name !== imageArtifact || (storage !== 's3' && storage !== 'object')) {
    return refuse('artifact-storage', { ...facts, storage: storage.slice(0, 40) });
  }
  if (new Date(expires) <= now) return refuse('artifact-expired', { ...facts, expires });
  return { artifact: { name: imageArtifact, storage, sha256 }, expires };
}

function definitionHash(
  { taskId, definition }: Subject,
  { allowedKeys = {} }: Trust,
): Digest | Refusal {
  try {
    return canonicalHash(lasting(definition, allowedKeys));
  } catch {
    return refuse('bad-definition', {
      task: taskId,
      problem: 'it holds a number that is too large',
    });
  }
}
