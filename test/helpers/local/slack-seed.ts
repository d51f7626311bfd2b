import type { Seed } from '../../../local/slack/seed.ts';

/** A workspace with an account of every kind. */
export const seed: Seed = {
  team: { id: 'T0LOCAL01', name: 'Release Engineering', domain: 'releng' },
  channels: [
    { id: 'C0RELEASE', name: 'release', topic: 'Images that CI runs on' },
    { id: 'C0ELSE0001', name: 'elsewhere', members: ['U0ALICE01'] },
    { id: 'C0SHARED01', name: 'shared', isShared: true },
    { id: 'C0ARCHIVE1', name: 'archive', isArchived: true },
  ],
  users: [
    {
      id: 'U0ALICE01',
      name: 'alice',
      realName: 'Alice Arnold',
      email: 'alice@example.org',
      title: 'Release engineer',
    },
    {
      id: 'U0BOB0001',
      name: 'bob',
      realName: 'Bob Brandt',
      email: 'bob@example.org',
      title: 'Approver',
    },
    {
      id: 'U0BOB0002',
      name: 'bob-admin',
      realName: 'Bob Brandt',
      email: 'bob@example.org',
      title: 'Bob’s other account',
    },
    { id: 'U0GUEST01', name: 'gus', realName: 'Gus Guest', kind: 'guest' },
    { id: 'U0ULTRA01', name: 'uma', realName: 'Uma Ultra', kind: 'ultra-restricted' },
    { id: 'U0GONE001', name: 'gone', realName: 'Gone Girl', kind: 'deactivated' },
    {
      id: 'U0STRANG1',
      name: 'stan',
      realName: 'Stan Stranger',
      kind: 'stranger',
      team: 'T0OTHER01',
    },
    { id: 'U0INVITE1', name: 'ivy', realName: 'Ivy Invited', kind: 'invited' },
    { id: 'U0OTHERB1', name: 'deploybot', realName: 'Deploy Bot', kind: 'bot' },
  ],
  groups: [
    {
      id: 'S0APPROVE',
      handle: 'image-approvers',
      name: 'Image approvers',
      users: ['U0BOB0001', 'U0GONE001'],
    },
    { id: 'S0CLOSED01', handle: 'closed', name: 'Closed', users: [], isDisabled: true },
  ],
  bot: { id: 'B0PROMOTE', user: 'U0PROMOTE', app: 'A0PROMOTE', name: 'promote-image' },
  commands: [
    {
      command: '/promote-image',
      description: 'Publish a container image',
      usage: '<image> <build>',
      examples: [
        { line: '/promote-image build-decision latest', about: 'Publish the newest build' },
        '/promote-image help',
      ],
    },
    { command: '/mention', shouldEscape: true },
  ],
};
