import type { Seed } from './slack/seed.ts';

/** Who is who in the local workspace. */
export const people = {
  alice: 'U0ALICE01',
  bob: 'U0BOB0001',
  carol: 'U0CAROL01',
  bobAdmin: 'U0BOB0002',
  gus: 'U0GUEST01',
  stan: 'U0STRANG1',
} as const;

const group = 'S0APPROVE';

/** The approvers of the local policy. */
export const approvers = { users: [people.bob, people.carol, people.alice], group };

/** Where the bot is at home. */
export const home = { team: 'T0LOCAL01', channel: 'C0IMAGES1' } as const;

const users: Seed['users'] = [
  {
    id: people.alice,
    name: 'alice',
    realName: 'Alice Arnold',
    email: 'alice@example.org',
    title: 'Release engineer, approver',
  },
  {
    id: people.bob,
    name: 'bob',
    realName: 'Bob Brandt',
    email: 'bob@example.org',
    title: 'Release engineer, approver',
  },
  {
    id: people.carol,
    name: 'carol',
    realName: 'Carol Cruz',
    email: 'carol@example.org',
    title: 'Release engineer, approver',
  },
  {
    id: people.bobAdmin,
    name: 'bob-admin',
    realName: 'Bob Brandt (admin)',
    email: 'bob@example.org',
    title: 'Bob’s second account',
  },
  { id: people.gus, name: 'gus', realName: 'Gus Garcia', kind: 'guest', title: 'Guest' },
  {
    id: people.stan,
    name: 'stan',
    realName: 'Stan Stone',
    kind: 'stranger',
    team: 'T0OTHER01',
    title: 'Of another company',
  },
];

/** A small workspace with a requester, approvers, and people who must be refused. */
export function seedOf(examples: NonNullable<Seed['commands'][number]['examples']>): Seed {
  const topic = 'Images that CI runs on: requests, approvals, audit trail';
  const members = [people.alice, people.bob, people.carol];
  return {
    team: { id: home.team, name: 'Release Engineering', domain: 'releng' },
    channels: [{ id: home.channel, name: 'image-promotions', topic }],
    users,
    groups: [{ id: group, handle: 'image-approvers', name: 'Image approvers', users: members }],
    bot: { id: 'B0PROMOTE', user: 'U0PROMOTE', app: 'A0PROMOTE', name: 'promote-image' },
    commands: [
      {
        command: '/promote-image',
        description: 'Publish an image that a trusted task built',
        usage: '<image> <build> [tag X] [bug N] [because …]',
        examples,
      },
    ],
  };
}
