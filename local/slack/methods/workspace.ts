import { ApiError } from '../api-error.ts';
import { checkBlocks } from '../block-check.ts';
import type { Call, Method } from '../method.ts';

/** Methods about the workspace, the app and the connection. */
export const workspaceMethods: Readonly<Record<string, Method>> = {
  'api.test': { token: 'none', answer: apiTest },
  'auth.test': { answer: authTest },
  'apps.connections.open': {
    token: 'app',
    scopes: ['connections:write'],
    answer: ({ openSocket }) => ({ url: openSocket() }),
  },
  'blocks.validate': { answer: validate },
  'bots.info': { scopes: ['users:read'], answer: botsInfo },
  'team.info': { scopes: ['team:read'], answer: teamInfo },
  'reactions.add': { scopes: ['reactions:write'], answer: addReaction },
};

function apiTest({ args }: Call): object {
  const error = args.maybe('error');
  if (error) throw new ApiError(error, { args: args.all });
  return { args: args.all };
}

function authTest({ workspace, origin }: Call): object {
  const { team, bot } = workspace.seed;
  return {
    url: `${origin}/`,
    team: team.name,
    user: bot.name,
    team_id: team.id,
    user_id: bot.user,
    bot_id: bot.id,
    is_enterprise_install: false,
  };
}

function validate({ args }: Call): object {
  checkBlocks(args.structure('blocks', 'invalid_blocks_format'), 'message');
  return {};
}

function botsInfo({ workspace, args }: Call): object {
  const { bot } = workspace.seed;
  if (args.text('bot') !== bot.id) throw new ApiError('bot_not_found');
  return {
    bot: { id: bot.id, deleted: false, name: bot.name, user_id: bot.user, app_id: bot.app },
  };
}

function teamInfo({ workspace }: Call): object {
  const { team } = workspace.seed;
  return { team: { id: team.id, name: team.name, domain: team.domain, email_domain: '' } };
}

function addReaction({ workspace, args }: Call): object {
  const { id } = workspace.channel(args.text('channel'));
  const message = workspace.message(id, args.text('timestamp'));
  if (!message) throw new ApiError('message_not_found');
  const name = args.text('name');
  const user = workspace.seed.bot.user;
  const others = (message.reactions ?? []).filter((reaction) => reaction.name !== name);
  const before = message.reactions?.find((reaction) => reaction.name === name)?.users ?? [];
  if (before.includes(user)) throw new ApiError('already_reacted');
  const reactors = [...before, user];
  const reaction = { name, count: reactors.length, users: reactors };
  workspace.put({ ...message, reactions: [...others, reaction] });
  return {};
}
