import { createHash } from 'node:crypto';
import type { SeedUser } from './seed.ts';
import type { Workspace } from './workspace.ts';

/** A user as `users.info` gives it, with every flag by which an account shows that it is not a full member. */
export function userObject(workspace: Workspace, user: SeedUser): object {
  const kind = user.kind ?? 'full';
  const isBot = kind === 'bot' || kind === 'app' || kind === 'workflow-bot';
  const team = user.team ?? workspace.seed.team.id;
  return {
    id: user.id,
    team_id: team,
    name: user.name,
    real_name: user.realName,
    deleted: kind === 'deactivated',
    color: createHash('sha256').update(user.id).digest('hex').slice(0, 6),
    tz: 'Etc/UTC',
    tz_label: 'Coordinated Universal Time',
    tz_offset: 0,
    is_admin: false,
    is_owner: false,
    is_primary_owner: false,
    is_restricted: kind === 'guest' || kind === 'ultra-restricted',
    is_ultra_restricted: kind === 'ultra-restricted',
    is_bot: isBot,
    is_app_user: kind === 'app',
    ...(kind === 'workflow-bot' ? { is_workflow_bot: true } : {}),
    ...(kind === 'stranger' ? { is_stranger: true } : {}),
    ...(kind === 'invited' ? { is_invited_user: true } : {}),
    ...(user.enterpriseUser
      ? { enterprise_user: { id: user.enterpriseUser, teams: [team], is_admin: false } }
      : {}),
    is_email_confirmed: true,
    updated: 1_700_000_000,
    profile: {
      real_name: user.realName,
      display_name: user.name,
      title: user.title ?? '',
      team,
      ...(user.email && !isBot && showsMailboxes(workspace) ? { email: user.email } : {}),
      ...(isBot ? { bot_id: workspace.seed.bot.id, api_app_id: workspace.seed.bot.app } : {}),
    },
  };
}

/** Without its scope an address is not refused, but just left out. */
function showsMailboxes({ scopes }: Workspace): boolean {
  return scopes?.includes('users:read.email') ?? true;
}

/** The groups' users who can still sign in, as `usergroups.users.list` gives them. */
export function groupUsers(
  workspace: Workspace,
  users: readonly string[],
  includeDisabled: boolean,
): string[] {
  return users.filter((id) => includeDisabled || workspace.users.get(id)?.kind !== 'deactivated');
}
