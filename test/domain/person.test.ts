import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tellPeople, type Account } from '../../src/domain/person.ts';

function account(id: string, change: Partial<Account> = {}): Account {
  return { id, email: undefined, enterpriseUser: undefined, ...change };
}

describe('two accounts are one person', () => {
  it.each([
    ['Alice+x@Example.org', 'alice@example.org', true],
    [' alice@example.org ', 'ALICE@EXAMPLE.ORG', true],
    ['a.lice+x@gmail.com', 'Alice@googlemail.com', true],
    ['a.lice@example.org', 'alice@example.org', false],
    ['alice@example.org', 'alice@example.com', false],
    ['', '', false],
    [undefined, undefined, false],
  ])('with the mailboxes %s and %s: %s', (one, other, isOne) => {
    const accounts = [account('U1', { email: one }), account('U2', { email: other })];
    const personOf = tellPeople({ accounts, aliases: [] });
    expect(personOf('U1') === personOf('U2')).toBe(isOne);
  });

  it('where a chain of an alias, a mailbox and an enterprise’s id leads from one to the other', () => {
    const accounts = [
      account('U2', { email: 'b@x.org' }),
      account('U3', { email: 'B+1@x.org', enterpriseUser: 'W1' }),
      account('U4', { enterpriseUser: 'W1' }),
      account('U5', { email: 'c@x.org' }),
    ];
    const personOf = tellPeople({ accounts, aliases: [['U1', 'U2']] });
    expect(['U1', 'U2', 'U3', 'U4', 'U5'].map(personOf)).toEqual(['U1', 'U1', 'U1', 'U1', 'U5']);
  });

  it('where lists of the configuration overlap', () => {
    const aliases = [
      ['U1', 'U2'],
      ['U3', 'U4'],
      ['U2', 'U3'],
    ];
    const personOf = tellPeople({ accounts: [], aliases });
    expect(personOf('U4')).toBe(personOf('U1'));
  });

  it('where one is named by its id across the enterprise', () => {
    const accounts = [account('U1', { enterpriseUser: 'W1' }), account('W1')];
    const personOf = tellPeople({ accounts, aliases: [] });
    expect(personOf('U1')).toBe(personOf('W1'));
  });
});

describe('whoever the accounts are', () => {
  const ids = ['U0', 'U1', 'U2', 'U3', 'U4', 'U5', 'U6'];
  const someId = fc.constantFrom(...ids);
  const known = fc.record({
    accounts: fc.uniqueArray(
      fc.record({
        id: someId,
        email: fc.constantFrom(
          undefined,
          '',
          'a@x.org',
          'A+1@x.org',
          'b@x.org',
          'b+9@X.ORG',
          'c@x',
        ),
        enterpriseUser: fc.constantFrom(undefined, undefined, 'W1', 'W2', 'W3'),
      }),
      { selector: ({ id }) => id },
    ),
    aliases: fc.array(fc.uniqueArray(someId, { minLength: 2, maxLength: 3 }), { maxLength: 3 }),
  });

  it('being one person is an equivalence, the smallest that holds every link', () => {
    fc.assert(
      fc.property(known, (given) => {
        const personOf = tellPeople(given);
        const are = (one: string, other: string) => personOf(one) === personOf(other);
        for (const one of ids) {
          expect(personOf(personOf(one))).toBe(personOf(one));
          const reached = reachedFrom(one, given);
          for (const other of ids) expect(are(one, other)).toBe(reached.has(other));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('the order in which they are known is nothing', () => {
    fc.assert(
      fc.property(known, ({ accounts, aliases }) => {
        const personOf = tellPeople({ accounts, aliases });
        const turned = tellPeople({
          accounts: accounts.toReversed(),
          aliases: aliases.toReversed().map((list) => list.toReversed()),
        });
        for (const id of ids) expect(turned(id)).toBe(personOf(id));
      }),
      { numRuns: 500 },
    );
  });

  /** The same, said as one would look for it: from neighbour to neighbour. */
  function reachedFrom(
    start: string,
    { accounts, aliases }: { accounts: readonly Account[]; aliases: readonly string[][] },
  ): ReadonlySet<string> {
    const box = (email: string) => email.toLowerCase().replace(/\+\d+/, '');
    const isLinked = (one: string, other: string) => {
      if (aliases.some((list) => list.includes(one) && list.includes(other))) return true;
      const [a, b] = [one, other].map((id) => accounts.find((found) => found.id === id));
      if (!a || !b) return false;
      const isOneMailbox = !!a.email && !!b.email && box(a.email) === box(b.email);
      return isOneMailbox || (!!a.enterpriseUser && a.enterpriseUser === b.enterpriseUser);
    };
    const reached = new Set([start]);
    for (const one of reached) {
      for (const other of ids) if (isLinked(one, other)) reached.add(other);
    }
    return reached;
  }
});
