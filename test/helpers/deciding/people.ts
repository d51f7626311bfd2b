import type { Member } from '../../../src/domain/person.ts';

/**
 * Slack accounts, and the human beings behind them: what no Slack tells for sure, and these tests know. Any two of one
 * human have something in common that tells; where only a third account would tell, nobody can know.
 */
export const accounts = {
  alice: account('U0ALICE01', 'alice', { email: 'alice@example.org' }),
  alicePlus: account('U0ALICE02', 'alice', { email: 'Alice+test@Example.org' }),
  bob: account('U0BOB0001', 'bob', { email: 'bob@example.org' }),
  bobAdmin: account('U0BOB0002', 'bob', { email: 'root@example.org' }),
  carol: account('U0CAROL01', 'carol', { email: 'carol@example.org', enterpriseUser: 'W0CAROL01' }),
  carolGrid: account('U0CAROL02', 'carol', {
    email: 'cc@example.com',
    enterpriseUser: 'W0CAROL01',
  }),
  dora: account('U0DORA001', 'dora', { email: 'dora@example.org' }),
  /** May ask, and may not approve. */
  nobody: account('U0NOBODY1', 'nobody', { email: 'nobody@example.org' }),
  guest: account('U0GUEST01', 'guest', { unfit: 'a guest' }),
  gone: account('U0GONE001', 'gone', { unfit: 'deactivated' }),
  helper: account('U0HELPER1', 'helper', { unfit: 'a bot' }),
  invited: account('U0NEW0001', 'invited', { unfit: 'not yet accepted' }),
  stranger: account('U0STRANG1', 'stranger', { unfit: 'of another workspace', team: 'T0OTHER01' }),
} as const;

export interface Account {
  readonly member: Member;
  readonly human: string;
}

function account(id: string, human: string, more: Partial<Member>): Account {
  const plain = { team: 'T0LOCAL01', email: undefined, enterpriseUser: undefined };
  return { human, member: { id, unfit: undefined, ...plain, ...more } };
}

const all: readonly Account[] = Object.values(accounts);

/** Ids of all accounts. */
export const everybody = all.map(({ member }) => member.id);

/** The approval group: everybody but one, so that it is who they are that refuses the unfit. */
export const group = everybody.filter((id) => id !== accounts.nobody.member.id);

/** Accounts that the configuration knows as one person; the others are known by e-mail or enterprise. */
export const configured = [[accounts.bob.member.id, accounts.bobAdmin.member.id]];

export function accountOf(id: string): Account {
  const found = all.find(({ member }) => member.id === id);
  if (!found) throw new Error(`There is no account ${id}`);
  return found;
}

/** Ids of all accounts of the human being behind this one. */
export function accountsOf(id: string): readonly string[] {
  return everybody.filter((one) => accountOf(one).human === accountOf(id).human);
}

/** Whether this account may approve what that one asked for: the rule, said once more and from the other end. */
export function isSecondPerson(id: string, requester: string): boolean {
  const { member, human } = accountOf(id);
  return !member.unfit && group.includes(id) && human !== accountOf(requester).human;
}
