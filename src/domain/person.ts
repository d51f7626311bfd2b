/** A Slack account, as far as deciding needs it. */
export interface Member {
  readonly id: string;
  readonly team: string;
  readonly email: string | undefined;
  /** As people read it; it may be anything. */
  readonly name?: string | undefined;
  readonly enterpriseUser: string | undefined;
  /** What keeps it from deciding anything, or `undefined` for a full member. */
  readonly unfit:
    | 'a bot'
    | 'a guest'
    | 'deactivated'
    | 'of another workspace'
    | 'not yet accepted'
    | undefined;
}

/** What of an account tells whose it is. */
export type Account = Pick<Member, 'id' | 'email' | 'enterpriseUser'>;

/** What we know of who is who: accounts as Slack has them, and ids that are one person's by configuration. */
export interface KnownAccounts {
  readonly accounts: readonly Account[];
  /** Lists may overlap: whoever stands in two of them joins them. */
  readonly aliases: readonly (readonly string[])[];
}

/** The one id of the person behind an account: the first, in order, of all ids that this person is known by. */
export type PersonOf = (id: string) => string;

/**
 * Who is who. Two accounts are one person where the configuration, the mailbox or the enterprise's user id says so, and
 * so are the ends of any chain of such links: A is B, B is C, so A is C. That an account is deactivated unties nothing.
 */
export function tellPeople({ accounts, aliases }: KnownAccounts): PersonOf {
  let people: readonly ReadonlySet<string>[] = [];
  for (const traits of [...aliases, ...accounts.map(traitsOf)]) {
    const joined = people.filter((one) => traits.some((trait) => one.has(trait)));
    const others = people.filter((one) => !joined.includes(one));
    people = [...others, new Set([...traits, ...joined.flatMap((one) => [...one])])];
  }
  const firsts = people.map((one) => [one, firstId(one)] as const);
  return (id) => firsts.find(([one]) => one.has(id))?.[1] ?? id;
}

/** Enterprise ids and account ids are of one kind: Slack gives either for the same person, depending on who asks. */
function traitsOf({ id, email, enterpriseUser }: Account): readonly string[] {
  const box = email ? mailbox(email) : undefined;
  return [id, enterpriseUser, box].filter(
    (trait) => trait !== undefined && trait !== '',
  ) as string[];
}

const isMailbox = (trait: string): boolean => trait.startsWith('mailbox ');

function firstId(traits: ReadonlySet<string>): string {
  return [...traits].filter((trait) => !isMailbox(trait)).toSorted()[0] ?? '';
}

/** Google's own consumer domains are one, and there a dot in the name is none. */
const dotless = ['gmail.com', 'googlemail.com'];

/**
 * Where mail to this address arrives. Case and a `+suffix` make no other mailbox; a dot does, but at Gmail.
 * @see https://support.google.com/mail/answer/7436150
 */
function mailbox(email: string): string {
  const [, name = '', domain = ''] = /^(.*?)(?:\+[^@]*)?@(.*)$/s.exec(
    email.trim().toLowerCase(),
  ) ?? ['', email.trim().toLowerCase()];
  if (dotless.includes(domain)) return `mailbox ${name.replaceAll('.', '')}@gmail.com`;
  return `mailbox ${name}@${domain}`;
}
