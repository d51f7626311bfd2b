import { canonicalHash } from '../../src/domain/canonical.ts';
import type { AuditEvent } from '../../src/domain/event.ts';
import type { Post } from '../../src/domain/post.ts';
import type { Plan } from '../../src/domain/plan.ts';
import { Digest, Revision, TaskId } from '../../src/domain/reference.ts';
import type {
  Approval,
  Approved,
  Asked,
  Pending,
  Promoted,
  Pushing,
  Rejected,
  Reported,
} from '../../src/domain/states.ts';

/** Promotions as the bot makes them, for tests of what keeps them. */

export const at = '2026-11-23T08:00:00.000Z';
export const digest = Digest.parse(`sha256:${'d1'.repeat(32)}`);

export function asked(id: string, image = 'build-decision'): Asked {
  return {
    state: 'asked',
    id,
    version: 0,
    ask: { image, build: { by: 'latest' }, because: 'a “reason” with <marks> & ünïcode' },
    requester: 'U00000001',
    askedAt: at,
  };
}

export function planOf(image: string, tag: string): Plan {
  return {
    image,
    asked: { by: 'latest' },
    build: {
      taskId: TaskId.parse('fN1SbArXTPSVFUUvaOlinQ'),
      runId: 0,
      label: `docker-image-${image}`,
      repository: 'https://github.com/mozilla-releng/fxci-config',
      project: 'fxci-config',
      branch: 'main',
      decision: {
        taskId: TaskId.parse('VzkqXAw6TpKmvIG1mBoAeg'),
        scope: 'assume:repo:github.com/mozilla-releng/fxci-config:branch:main',
      },
      revision: Revision.parse('bd900d7a313c796d48da21fdb54ae35db812e3dc'),
      workerPool: 'releng-3/linux-docker',
      schedulerId: 'releng-level-3',
      route: `releng.cache.level-3.docker-images.v2.${image}.hash.${'a'.repeat(64)}`,
      indexHash: 'a'.repeat(64),
      builtAt: at,
      expires: '2027-11-23T08:00:00.000Z',
      definition: digest,
      certificate: digest,
      signedBy: 'Kz/aZIVeR6NP8gQU1U+2CCIZqvbd+4QCP6J63lflwik=',
      artifact: { name: 'public/image.tar.zst', storage: 's3', sha256: digest },
      checks: [{ check: 'status', says: 'completed' }],
    },
    artifact: { size: 6_000_000_000, sha256: digest, checkpoints: ['ab'.repeat(32)] },
    contents: {
      imageId: digest,
      layers: [{ diffId: digest, size: 5_000_000_000 }],
      platform: 'linux/amd64',
    },
    registry: 'https://registry-1.docker.io',
    engine: 'registry',
    target: { name: `mozillareleases/${image}`, tag },
    tagNow: { state: 'free' },
    pins: [],
    trees: [],
    warnings: [],
    message: 'chore: update build-decision image in templates',
    policy: { approval: digest, taskcluster: digest, registry: digest, image: digest },
  };
}

export function pending(from: Asked, tag = 'v1'): Pending {
  const plan = planOf(from.ask.image, tag);
  return {
    ...from,
    state: 'pending',
    plan,
    planHash: canonicalHash(plan),
    expires: '2026-11-24T08:00:00.000Z',
    approvals: [],
  };
}

export function approvalOf(from: Pending, person: string): Approval {
  return { user: person, person, planHash: from.planHash, at };
}

export function approved(from: Pending, person = 'U00000002'): Approved {
  return { ...from, state: 'approved', approvals: [...from.approvals, approvalOf(from, person)] };
}

export function rejected(from: Pending, by = 'U00000002'): Rejected {
  return { ...from, state: 'rejected', by, why: 'not today', endedAt: at };
}

export function pushing(from: Approved): Pushing {
  return { ...from, state: 'pushing', pushingSince: at };
}

export function promoted(from: Pushing): Promoted {
  const pushed = { digest, size: 10, sent: 10, layers: [], compressor: 'zlib 1.3.1 level 6' };
  return { ...from, state: 'promoted', pushed, promotedAt: at };
}

export function reported(from: Promoted): Reported {
  return { ...from, state: 'reported' };
}

export function eventOf(kind: string, actor = 'U00000001'): AuditEvent {
  return { kind, actor, data: { says: kind } };
}

export function thread(text: string): Post {
  return { kind: 'thread', message: { text, blocks: [] } };
}

export function card(text: string): Post {
  return { kind: 'card', message: { text, blocks: [] } };
}

export function slot(text: string, name = 'push'): Post {
  return { kind: 'slot', slot: name, message: { text, blocks: [] } };
}
