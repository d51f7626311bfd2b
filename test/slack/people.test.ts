import type { WebClient } from '@slack/web-api';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { How } from '../../local/slack/faults.ts';
import type { Seed, SeedUser } from '../../local/slack/seed.ts';
import { startSlack } from '../../local/slack/server.ts';
import type { Slack } from '../../local/slack/slack.ts';
import { approve, mayApprove } from '../../src/domain/approval.ts';
import { explain, isRefusal, PromotionError, type Refusal } from '../../src/domain/errors.ts';
import type { Policy } from '../../src/domain/policy.ts';
import type { Pending, Promotion } from '../../src/domain/states.ts';
import { Secret } from '../../src/domain/secret.ts';
import { createLogging } from '../../src/service/log.ts';
import { createClient } from '../../src/slack/client.ts';
import { createPeople } from '../../src/slack/people.ts';
import { lookUp } from '../../src/flow/who.ts';
import { seed as plainSeed } from '../helpers/local/slack-seed.ts';

const [alice, bob] = ['U0ALICE01', 'U0BOB0001'] as const;
const us = plainSeed.team.id;

/** An account that is a full member’s but for what is said of it. */
interface Identity {
  readonly user?: Partial<SeedUser>;
  /** What `users.info` says otherwise of it. */
  readonly info?: Readonly<Record<string, unknown>>;
  /** What `users.info` says in place of it; in place of the whole `user`. */
  readonly instead?: unknown;
  readonly says: RegExp;
}

const guest =
  /^Your account cannot do this: it is a guest\. Ask a full member of this workspace\.$/;
const bot = /: it is a bot\. Ask/;
const deactivated = /: it is deactivated\. Ask/;
const elsewhere = /: it is of another workspace\. Ask/;
const invited = /: it is not yet accepted\. Ask/;
const sameHuman =
  /^Your account belongs to the person who asked, so somebody else must approve it\./;
const noApprover = /not among the approvers/;
const unknown = /^Slack does not say who you are: its answer makes no sense\. Try again\.$/;

const kinds: Readonly<Record<string, Identity>> = {
  'a guest of several channels': { user: { kind: 'guest' }, says: guest },
  'a guest of one channel': { user: { kind: 'ultra-restricted' }, says: guest },
  'a guest of one channel, by that flag alone': {
    info: { is_ultra_restricted: true },
    says: guest,
  },
  'a guest of the same enterprise': {
    user: { kind: 'guest', enterpriseUser: 'W0GUS0001' },
    says: guest,
  },
  'a bot': { user: { kind: 'bot' }, says: bot },
  'an app': { user: { kind: 'app' }, says: bot },
  'an app, by that flag alone': { info: { is_app_user: true }, says: bot },
  'a workflow': { user: { kind: 'workflow-bot' }, says: bot },
  'a workflow, by that flag alone': { info: { is_workflow_bot: true }, says: bot },
  'a connector': { info: { is_connector_bot: true }, says: bot },
  'a bot of another workspace': { user: { kind: 'bot', team: 'T0OTHER01' }, says: bot },
  'Slackbot, which says of itself that it is no bot': { user: { id: 'USLACKBOT' }, says: bot },
  'the bot itself': { user: { id: plainSeed.bot.user }, says: bot },
  'a deactivated account': { user: { kind: 'deactivated' }, says: deactivated },
  'a deactivated guest': { user: { kind: 'guest' }, info: { deleted: true }, says: deactivated },
  'somebody invited': { user: { kind: 'invited' }, says: invited },
  'an invited guest': { user: { kind: 'guest' }, info: { is_invited_user: true }, says: guest },
  'a stranger of Slack Connect': {
    user: { kind: 'stranger', team: 'T0OTHER01' },
    says: elsewhere,
  },
  'a stranger with our team': { user: { kind: 'stranger' }, says: elsewhere },
  'a member of another team': { user: { team: 'T0OTHER01' }, says: elsewhere },
  'a member of another team of the enterprise': {
    user: { team: 'T0OTHER01', enterpriseUser: 'W0OTTO001' },
    says: elsewhere,
  },
  'a member of no team': { info: { team_id: undefined }, says: elsewhere },
  'a member of an empty team': { info: { team_id: '' }, says: elsewhere },
  'a member of no team, in an enterprise without teams': {
    info: { team_id: undefined, enterprise_user: { id: 'W0NEMO001', teams: [] } },
    says: elsewhere,
  },
  'a member of a team that looks like ours': {
    info: { team_id: us.toLowerCase() },
    says: elsewhere,
  },
  'another account with the mailbox of who asked': {
    user: { email: 'alice@example.org' },
    says: sameHuman,
  },
  'another account with that mailbox and a suffix': {
    user: { email: ' Alice+test@Example.org' },
    says: sameHuman,
  },
  'another account of that person in the enterprise': {
    user: { enterpriseUser: 'W0ALICE01' },
    says: sameHuman,
  },
  'another account of that person by configuration': {
    user: { id: 'U0ALIAS01', email: 'alice.alias@example.org' },
    says: sameHuman,
  },
  'another account of that person, as a third one of the configuration tells': {
    user: { email: 'alice.alias+2@example.org' },
    says: sameHuman,
  },
  'a full member without an e-mail address': {
    info: { profile: {} },
    says: /^Slack gives no e-mail address of U0CASE\d+, so nobody can tell that a second/,
  },
  'a full member of the list alone': { user: { id: 'U0LISTED1' }, says: noApprover },
  'a full member of the group alone': { user: { id: 'U0GROUPED' }, says: noApprover },
  'a full member of neither': { user: { id: 'U0NOBODY1' }, says: noApprover },
  nothing: { instead: undefined, says: unknown },
  null: { instead: null, says: unknown },
  'a list': { instead: [], says: unknown },
  'a text': { instead: 'U0SOMEONE', says: unknown },
  'somebody without an id': { info: { id: undefined }, says: unknown },
  'somebody else, who may approve': { info: { id: bob }, says: unknown },
  'the same with another case': { info: { id: 'u0someone' }, says: unknown },
  'flags that are texts': { info: { is_bot: 'false' }, says: unknown },
  'flags that are numbers': { info: { deleted: 0 }, says: unknown },
  'a flag that is null': { info: { is_restricted: null }, says: unknown },
  'a team that is a list': { info: { team_id: [us] }, says: unknown },
  'teams that are a text': {
    info: { enterprise_user: { id: 'W0SOMEONE', teams: us } },
    says: unknown,
  },
  'a profile that is a text': { info: { profile: 'someone@example.org' }, says: unknown },
};

const cases = Object.entries(kinds).map(([name, { user, ...identity }], at) => {
  const id = `U0CASE${String(at).padStart(3, '0')}`;
  const account: SeedUser = {
    id,
    name: `case-${at}`,
    realName: name,
    email: `${id}@example.org`,
    ...user,
  };
  return { name, account, ...identity };
});

/** Everybody is an approver but for who they are; three are not, and that is who they are. */
const approvers = [alice, bob, ...cases.map(({ account }) => account.id)];
const except = (...ids: readonly string[]) => approvers.filter((id) => !ids.includes(id));
const policy = {
  approval: {
    required: 1,
    expires: 86_400_000,
    approvers: { users: except('U0GROUPED', 'U0NOBODY1'), group: 'S0APPROVE' },
    people: [[alice, 'U0ALIAS01']],
  },
} as unknown as Policy;

const seed: Seed = {
  ...plainSeed,
  users: [
    ...plainSeed.users.map((user) =>
      user.id === alice ? { ...user, enterpriseUser: 'W0ALICE01' } : user,
    ),
    ...cases.map(({ account }) => account),
  ],
  groups: [
    { id: 'S0APPROVE', handle: 'a', name: 'A', users: except('U0LISTED1', 'U0NOBODY1') },
    ...(plainSeed.groups ?? []).filter(({ id }) => id !== 'S0APPROVE'),
  ],
};

let slack: Slack;
let server: Server;
let client: WebClient;
beforeAll(async () => {
  slack = await startSlack(seed);
  server = retelling(slack);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/`;
  const { slackLogger: logger } = createLogging('silent');
  client = createClient(new Secret(slack.botToken), { apiUrl, logger, timeout: 500 });
});
afterEach(() => slack.parts.faults.clear());
afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await slack.stop();
});

/** Passes calls on to Slack, and its answers back; of some people it tells something else. */
function retelling(behind: Slack): Server {
  return createServer((request, response) => {
    passOn(behind, request, response).catch(() => response.destroy());
  });
}

async function passOn(
  { url }: Slack,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = Buffer.concat(await Array.fromAsync(request));
  const { authorization = '', 'content-type': type = '' } = request.headers;
  const headers = { authorization, 'content-type': type };
  const answer = await fetch(`${url}${request.url}`, { method: 'POST', headers, body });
  const text = await answer.text();
  response.writeHead(answer.status, { 'content-type': 'application/json' });
  response.end(request.url === '/api/users.info' ? retold(text) : text);
}

function retold(text: string): string {
  if (!text.startsWith('{"ok":true')) return text;
  const answer = JSON.parse(text) as { user: { id: string } };
  const told = cases.find(({ account }) => account.id === answer.user.id);
  if (!told) return text;
  const user = 'instead' in told ? told.instead : { ...answer.user, ...told.info };
  return JSON.stringify({ ...answer, user });
}

const planHash = `sha256:${'ab'.repeat(32)}`;
const pending = {
  state: 'pending',
  requester: alice,
  planHash,
  expires: '2026-11-24T12:00:00.000Z',
  approvals: [],
} as unknown as Pending;
const now = new Date('2026-11-23T12:00:00Z');

/** What comes of this account's click, and of looking at it once more before the push. */
async function clicks(id: string): Promise<Promotion | Refusal> {
  try {
    const looked = await lookUp(id, alice, { people: createPeople(client, us), policy });
    const clicked = approve(pending, { ...looked, planHash, now }, policy.approval);
    expect(mayApprove(looked, policy.approval)).toEqual(isRefusal(clicked) ? clicked : undefined);
    return clicked;
  } catch (error) {
    if (error instanceof PromotionError) return error.refusal;
    throw error;
  }
}

function told(outcome: Promotion | Refusal): string {
  return isRefusal(outcome) ? explain(outcome) : outcome.state;
}

describe('no approver is', () => {
  it.each(cases)('$name', async ({ account, says }) => {
    expect(told(await clicks(account.id))).toMatch(says);
  });

  it('who asked', async () => {
    expect(told(await clicks(alice))).toMatch(/^You asked for this promotion, so a second person/);
  });

  it('somebody whom Slack does not know', async () => {
    expect(told(await clicks('U0NEVER001'))).toMatch(/does not say who you are: user_not_found\./);
  });

  const silences: readonly How[] = [
    { error: 'user_not_visible' },
    { error: 'missing_scope' },
    { status: 500 },
    { status: 429, retryAfter: 1 },
    'drop-reply',
    'stall',
    'html',
  ];

  it.each(silences)('anybody while Slack does not say who they are: %o', async (how) => {
    slack.fail({ method: 'users.info', times: 99, how });
    expect(told(await clicks(bob))).toMatch(/^Slack does not say who you are: .+\. Try again\.$/);
  });

  it.each(silences)('anybody while Slack does not say who is in the group: %o', async (how) => {
    slack.fail({ method: 'usergroups.users.list', times: 99, how });
    expect(told(await clicks(bob))).toMatch(
      /^Slack does not say who is in the approvers’ group: .+; nobody is an approver until it answers\.$/,
    );
  });

  it('anybody but a second person, a full member and an approver: that one is', async () => {
    expect(await clicks(bob)).toMatchObject({ state: 'approved', approvals: [{ user: bob }] });
  });

  afterAll(() => {
    const count = cases.length + 2 + 2 * silences.length;
    expect(count).toBeGreaterThanOrEqual(25);
    console.log(`${count} kinds of accounts and answers, none of them an approver`);
  });
});
