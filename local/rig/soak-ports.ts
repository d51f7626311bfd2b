import { PromotionError, refuse } from '../../src/domain/errors.ts';
import type { Image } from '../../src/domain/image.ts';
import type { Plan } from '../../src/domain/plan.ts';
import type { Artifact, Builds, Registry, Trees } from '../../src/ports.ts';
import type { Member } from '../../src/domain/person.ts';
import { Revision, type TaskId } from '../../src/domain/reference.ts';
import { digitsIn, taskIdWith } from './task-id-of.ts';
import { Secret } from '../../src/domain/secret.ts';
import type { Pushed } from '../../src/domain/states.ts';
import type { Ports } from './bot.ts';
import { digest, planOf } from './promotions.ts';

/** Whether this call goes wrong. */
export type Chance = () => boolean;

/** Everything outside but Slack and the database, at no cost: it behaves, and now and then it fails. */
export function cheapPorts(fails: Chance, team: string): Ports {
  /** Tags that were pushed by a push whose reply was lost. */
  const there = new Set<string>();
  return {
    builds: cheapBuilds(fails),
    inspect: async (archive) => {
      for await (const _ of archive);
      return contents;
    },
    registry: cheapRegistry(fails, there),
    trees: cheapTrees(fails),
    engine: async ({ target }) => {
      const key = `${target.name}:${target.tag}`;
      if (there.delete(key) || !fails()) return pushed;
      there.add(key);
      throw new PromotionError(refuse('registry-unreachable', { what: 'PUT', problem: 'a cut' }));
    },
    secrets: async () => {
      if (fails()) throw new PromotionError(refuse('sops-timeout', { seconds: '30' }));
      return { username: 'mozillareleases', password: new Secret('a password of nobody') };
    },
    people: {
      member: async (id) => {
        if (fails()) throw new PromotionError(refuse('person-unknown', { problem: 'no answer' }));
        return member(id, team);
      },
      group: async () => [],
      sharing: async () => undefined,
    },
    repin: async () => {},
  };
}

const { contents } = planOf('build-decision', 'v1');
const pushed: Pushed = { digest, size: 10, sent: 10, layers: [], compressor: 'none' };

function member(id: string, team: string): Member {
  return { id, team, email: `${id}@example.org`, enterpriseUser: undefined, unfit: undefined };
}

function cheapRegistry(fails: Chance, there: ReadonlySet<string>): Registry {
  return {
    look: async ({ name, tag }) => {
      if (fails()) {
        throw new PromotionError(refuse('registry-unreachable', { what: 'GET', problem: 'a cut' }));
      }
      if (!there.has(`${name}:${tag}`)) return { state: 'free' };
      return { state: 'holds', digest, imageId: contents.imageId };
    },
    prove: async () => ({ layers: [] }),
    inspect: async () => contents,
    tags: async () => [],
  };
}

/** A task for every commit whose last digits are {@link nothing}: its id holds the digits before them. */
function cheapBuilds(fails: Chance): Builds {
  return {
    find: async (_image, ask) => {
      if (ask.by === 'task') return ask.taskId;
      if (ask.by === 'latest') return taskIdWith('0');
      return taskIdWith(ask.revision.slice(12, 22));
    },
    verify: async (image, taskId) => {
      if (fails()) return refuse('unknown-task', { task: taskId });
      return buildOf(image, taskId);
    },
    open: async (build) => {
      if (fails()) {
        const facts = { what: build.taskId, problem: 'no answer' };
        throw new PromotionError(refuse('taskcluster-unreachable', facts));
      }
      return artifact();
    },
  };
}

const nothing = '0'.repeat(18);

/** As many checkpoints as a large image has: they are most of a plan’s bytes. */
const checkpoints = Array.from({ length: 160 }, () => 'ab'.repeat(32));

function buildOf(image: Image, taskId: TaskId): Plan['build'] {
  const { build } = planOf(image.name, 'v1');
  const revision = Revision.parse(`${digitsIn(taskId).padStart(22, '0')}${nothing}`);
  return { ...build, taskId, revision, indexHash: revision.padEnd(64, '0') };
}

function artifact(): Artifact {
  return {
    bytes: (async function* bytes() {
      yield Buffer.alloc(10);
    })(),
    size: 10,
    facts: () => ({ size: 6_000_000_000, sha256: digest, checkpoints }),
  };
}

function cheapTrees(fails: Chance): Trees {
  return {
    read: async (source) => {
      const url = source.git ?? source.hg;
      if (fails()) {
        throw new PromotionError(refuse('tree-unreachable', { source: url, problem: 'no answer' }));
      }
      return { source: url, revision: 'a'.repeat(40), files: [] };
    },
    file: async (_repository, revision) => `v${revision.slice(0, 22)}`,
    rework: () => Promise.reject(new Error('nobody re-pins here')),
    patch: async () => '',
  };
}
