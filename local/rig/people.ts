import type { Seed } from '../slack/seed.ts';
import { people as local, seedOf } from '../seed.ts';

/** The people of the local workspace, and one account of every kind that may decide nothing. */
export const people = {
  ...local,
  /** The same mailbox as alice’s, with a suffix. */
  alicePlus: 'U0ALICE02',
  /** The same person as alice across the enterprise. */
  aliceGrid: 'U0ALICE03',
  dora: 'U0DORA001',
  helper: 'U0HELPER1',
  gone: 'U0GONE001',
  invited: 'U0NEW0001',
  nobody: 'U0NOBODY1',
} as const;

/** Where the bot is not, and where others of us are. */
export const elsewhere = 'C0ELSE0001';

const group = 'S0APPROVE';

/** Everybody who is told apart by account alone is an approver: what refuses them is who they are. */
export const approvers = {
  users: Object.values(people).filter((id) => id !== people.nobody),
  group,
};

export function seed(): Seed {
  const { users, groups = [], channels, ...rest } = seedOf([]);
  const changed: Seed['users'] = users.map((user) =>
    user.id === people.alice ? { ...user, enterpriseUser: 'W0ALICE01' } : user,
  );
  return {
    ...rest,
    channels: [...channels, { id: elsewhere, name: 'elsewhere', members: [people.alice] }],
    users: [
      ...changed,
      {
        id: people.alicePlus,
        name: 'alice-plus',
        realName: 'Alice Arnold (test)',
        email: 'Alice+test@Example.org',
      },
      {
        id: people.aliceGrid,
        name: 'alice-grid',
        realName: 'A. Arnold',
        enterpriseUser: 'W0ALICE01',
      },
      { id: people.dora, name: 'dora', realName: 'Dora Dahl', email: 'dora@example.org' },
      { id: people.helper, name: 'helper', realName: 'A helper', kind: 'bot' },
      { id: people.gone, name: 'gone', realName: 'Gone Girl', kind: 'deactivated' },
      { id: people.invited, name: 'invited', realName: 'Ina New', kind: 'invited' },
      {
        id: people.nobody,
        name: 'nobody',
        realName: 'Nobody Special',
        email: 'nobody@example.org',
      },
    ],
    groups: groups.map((one) => ({ ...one, users: approvers.users })),
  };
}
