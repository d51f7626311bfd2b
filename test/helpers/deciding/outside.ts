import { createHash } from 'node:crypto';
import { localPolicy } from '../../../local/policy.ts';
import type { BotOptions } from '../../../src/flow/bot.ts';
import type { Policy } from '../../../src/domain/policy.ts';
import type { Push } from '../../../src/ports.ts';
import { Digest, Revision } from '../../../src/domain/reference.ts';
import { digitsIn, taskIdWith } from '../../../local/rig/task-id-of.ts';
import { Secret } from '../../../src/domain/secret.ts';
import { planOf } from '../../../local/rig/promotions.ts';
import { accountOf, configured, group } from './people.ts';

/** What of the outside a test watches or breaks. */
export interface Outside {
  /** A push: counted, and let succeed unless it throws. */
  readonly engine: (push: Push) => Promise<void> | void;
  /** The members of the approval group now. */
  readonly group?: (() => readonly string[]) | undefined;
  /** Called before Slack says who somebody is. */
  readonly onLookUp?: ((user: string) => Promise<void> | void) | undefined;
  /** Whether the registry has the tag by now. */
  readonly isPublished?: ((tag: string) => boolean) | undefined;
}

/** The ports without the store: a world in which every commit was built, and every decision is the bot’s own. */
export function portsOf({ engine, ...outside }: Outside): Omit<BotOptions['ports'], 'store'> {
  return {
    builds: {
      find: async (_, ask) => {
        if (ask.by !== 'revision') throw new Error('Only commits were built here');
        return taskIdWith(ask.revision.slice(-10));
      },
      verify: async (image, taskId) => {
        const { build } = planOf(image.name, 'any');
        return { ...build, taskId, revision: Revision.parse(digitsIn(taskId).padStart(40, '0')) };
      },
      open: async () => ({ bytes: nothing(), size: 0, facts: () => artifact }),
    },
    inspect: async (archive) => {
      await Array.fromAsync(archive);
      return contents;
    },
    registry: {
      look: async ({ tag }) =>
        outside.isPublished?.(tag)
          ? { state: 'holds', digest: digestOf(tag), imageId: contents.imageId }
          : { state: 'free' },
      prove: async () => ({ layers: [] }),
      inspect: async () => contents,
      tags: async () => [],
    },
    trees: {
      read: async () => ({ source: 'none', revision: 'none', files: [] }),
      file: async () => '1',
      rework: async () => Promise.reject(new Error('Nothing is re-pinned here')),
      patch: async () => '',
    },
    people: {
      member: async (id) => {
        await outside.onLookUp?.(id);
        return accountOf(id).member;
      },
      group: async () => outside.group?.() ?? group,
      sharing: async () => undefined,
    },
    engine: async (push) => {
      await engine(push);
      return {
        digest: digestOf(push.target.tag),
        size: 1,
        sent: 1,
        layers: [],
        compressor: 'none',
      };
    },
    secrets: async () => ({ username: 'u', password: new Secret('not a secret') }),
    repin: async () => Promise.reject(new Error('Nothing is re-pinned here')),
  };
}

const { artifact, contents } = planOf('build-decision', 'any');

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** Of the manifest under the tag, whoever pushed it. */
export function digestOf(tag: string): Digest {
  return Digest.parse(`sha256:${createHash('sha256').update(tag).digest('hex')}`);
}

/** A commit by its number; its image goes under its own tag. */
export function revisionOf(n: number): Revision {
  return Revision.parse(n.toString(16).padStart(40, '0'));
}

/** The local policy for these people; nothing pins anything. */
export function policyOf(approval: Partial<Policy['approval']> = {}): Policy {
  const tree = { url: 'https://git.example.org/tree', folder: '', revision: revisionOf(0) };
  const { policy } = localPolicy({
    team: 'T0LOCAL01',
    channel: 'C0IMAGES1',
    rootUrl: 'https://taskcluster.example.org',
    key: 'Kz/aZIVeR6NP8gQU1U+2CCIZqvbd+4QCP6J63lflwik=',
    registry: 'https://registry.example.org',
    engine: 'registry',
    trees: { fxciConfig: tree, taskgraph: tree, gecko: tree },
  });
  const images = Object.fromEntries(
    Object.entries(policy.images).map(([name, image]) => [name, { ...image, pins: [] }]),
  );
  const approvers = { group: 'S0APPROVE' };
  return {
    ...policy,
    images,
    approval: { ...policy.approval, approvers, people: configured, ...approval },
    // Nobody clicks as fast as they do here.
    limits: { ...policy.limits, asksOfOne: 100_000 },
  };
}
