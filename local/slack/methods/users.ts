import { ApiError } from '../api-error.ts';
import { paginate } from '../arguments.ts';
import type { Call, Method } from '../method.ts';
import { groupUsers, userObject } from '../people.ts';
import type { SeedGroup } from '../seed.ts';
import type { Workspace } from '../workspace.ts';

/** `users.*` and `usergroups.*`: who is who. */
export const users: Readonly<Record<string, Method>> = {
  'users.info': { scopes: ['users:read'], answer: info },
  'users.list': { scopes: ['users:read'], answer: list },
  'users.lookupByEmail': { scopes: ['users:read.email'], answer: lookupByEmail },
  'usergroups.list': { scopes: ['usergroups:read'], answer: listGroups },
  'usergroups.users.list': { scopes: ['usergroups:read'], answer: listGroupUsers },
};

function info({ workspace, args }: Call): object {
  return { user: userObject(workspace, workspace.user(args.text('user'))) };
}

function list({ workspace, args }: Call): object {
  const all = [...workspace.users.values()];
  const { slice, next } = paginate(all, args, { or: 1000, max: 1000 });
  return {
    members: slice.map((user) => userObject(workspace, user)),
    cache_ts: Math.floor(workspace.now() / 1000),
    response_metadata: { next_cursor: next },
  };
}

function lookupByEmail({ workspace, args }: Call): object {
  const email = args.text('email').toLowerCase();
  const found = [...workspace.users.values()].find(
    (user) => user.email?.toLowerCase() === email && user.kind !== 'deactivated',
  );
  if (!found) throw new ApiError('users_not_found');
  return { user: userObject(workspace, found) };
}

function listGroups({ workspace, args }: Call): object {
  const groups = [...workspace.groups.values()].filter(
    (group) => args.flag('include_disabled') || !group.isDisabled,
  );
  return {
    usergroups: groups.map((group) => ({
      ...groupObject(workspace, group),
      ...(args.flag('include_users') ? { users: groupUsers(workspace, group.users, false) } : {}),
    })),
  };
}

function groupObject(workspace: Workspace, group: SeedGroup): object {
  return {
    id: group.id,
    team_id: workspace.seed.team.id,
    is_usergroup: true,
    is_subteam: true,
    name: group.name,
    handle: group.handle,
    is_external: false,
    date_create: 1_700_000_000,
    date_delete: group.isDisabled ? 1_700_000_001 : 0,
    user_count: group.users.length,
  };
}

function listGroupUsers({ workspace, args }: Call): object {
  const group = workspace.groups.get(args.text('usergroup'));
  const includeDisabled = args.flag('include_disabled');
  if (!group || (group.isDisabled && !includeDisabled)) throw new ApiError('no_such_subteam');
  return { users: groupUsers(workspace, group.users, includeDisabled) };
}
