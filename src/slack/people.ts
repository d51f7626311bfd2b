import type { WebClient } from '@slack/web-api';
import { z } from 'zod';
import { PromotionError, refuse } from '../domain/errors.ts';
import type { People } from '../ports.ts';
import type { Member } from '../domain/person.ts';
import { lookAtChannel } from './channel.ts';
import { slackProblem } from './trouble.ts';

/** @see https://docs.slack.dev/reference/objects/user-object */
const User = z.object({
  id: z.string(),
  team_id: z.string().optional(),
  deleted: z.boolean().optional(),
  is_bot: z.boolean().optional(),
  is_app_user: z.boolean().optional(),
  is_workflow_bot: z.boolean().optional(),
  is_connector_bot: z.boolean().optional(),
  is_restricted: z.boolean().optional(),
  is_ultra_restricted: z.boolean().optional(),
  is_stranger: z.boolean().optional(),
  is_invited_user: z.boolean().optional(),
  profile: z.object({ email: z.string().optional(), real_name: z.string().optional() }).optional(),
  enterprise_user: z.object({ id: z.string(), teams: z.array(z.string()).optional() }).optional(),
});
type User = z.infer<typeof User>;

/** People as Slack knows them now. Nothing is kept between two calls; where Slack does not say, nobody is anybody. */
export function createPeople(client: WebClient, team: string): People {
  return {
    async member(id) {
      const answer = await client.users.info({ user: id }).catch((error: unknown) => {
        throw new PromotionError(refuse('person-unknown', { problem: slackProblem(error) }), {
          cause: error,
        });
      });
      const user = User.safeParse(answer.user);
      if (!user.success || user.data.id !== id) {
        throw new PromotionError(
          refuse('person-unknown', { problem: 'its answer makes no sense' }),
        );
      }
      return toMember(user.data, team);
    },
    async group(id) {
      const answer = await client.usergroups.users
        .list({ usergroup: id })
        .catch((error: unknown) => {
          throw new PromotionError(refuse('group-unknown', { problem: slackProblem(error) }), {
            cause: error,
          });
        });
      const users = z.array(z.string()).safeParse(answer.users);
      if (users.success) return users.data;
      throw new PromotionError(refuse('group-unknown', { problem: 'its answer makes no sense' }));
    },
    async sharing(id) {
      const found = await lookAtChannel(client, id).catch((error: unknown) => {
        if (error instanceof PromotionError) throw error;
        throw new PromotionError(refuse('channel-unknown', { problem: slackProblem(error) }), {
          cause: error,
        });
      });
      return found.sharing;
    },
  };
}

function toMember(user: User, team: string): Member {
  return {
    id: user.id,
    team: user.team_id ?? '',
    email: user.profile?.email,
    name: user.profile?.real_name,
    enterpriseUser: user.enterprise_user?.id,
    unfit: unfitness(user, team),
  };
}

function unfitness(user: User, team: string): Member['unfit'] {
  const isOurs = user.team_id === team || (user.enterprise_user?.teams?.includes(team) ?? false);
  if (user.deleted) return 'deactivated';
  if (user.is_bot || user.is_app_user || user.is_workflow_bot || user.is_connector_bot)
    return 'a bot';
  if (user.id === 'USLACKBOT') return 'a bot';
  if (user.is_stranger || !isOurs) return 'of another workspace';
  if (user.is_restricted || user.is_ultra_restricted) return 'a guest';
  return user.is_invited_user ? 'not yet accepted' : undefined;
}
