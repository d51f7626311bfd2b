import { describe, expect, it } from 'vitest';
import { verifyLog } from '../../src/domain/audit.ts';
import type { Promotion } from '../../src/domain/states.ts';
import type { Guard } from '../helpers/deciding/broken-stores.ts';
import { randomFrom, seedFrom } from '../../local/rig/random.ts';
import { reads } from '../helpers/scenarios/reading.ts';
import { scripts } from '../helpers/slack/deliveries-scripts.ts';
import { DeliveriesWorld, revisionOfAsk } from '../helpers/slack/deliveries-world.ts';
import { counted } from '../helpers/counts.ts';

/** Deliveries, copies included, at least: the short form; the long one sets DELIVERIES. */
const wanted = Number(process.env['DELIVERIES'] ?? counted(100, 200));
const seed = seedFrom('DELIVERIES_SEED');
/** What one request makes of deliveries with their copies, on average, and how many more make up for few copies. */
const each = 15;
const spare = 6;

/** Everything that is left of a world: by request what became of it, and who was told what. */
interface End {
  readonly requests: ReadonlyMap<string, readonly string[]>;
  readonly told: readonly string[];
}

async function play(count: number, given: { disorder: boolean; missing?: Guard }) {
  const random = randomFrom(seed);
  const disorder = given.disorder ? { copies: 6, atOnce: 6, random } : undefined;
  const world = await DeliveriesWorld.start(disorder, given.missing);
  if (given.missing) world.patience = 3_000;
  try {
    const all = Object.values(scripts);
    const chosen = Array.from({ length: count }, (_, n) => all[n % all.length]!);
    await world.play(chosen, given.disorder ? 12 : 1);
    expect(await verifyLog(world.store.events())).toMatchObject({ ok: true });
    return { end: await endOf(world), handed: world.mailbox.handed };
  } finally {
    await world.stop();
  }
}

async function endOf({ store, slack, runs }: DeliveriesWorld): Promise<End> {
  const promotions = await store.list({ limit: 10_000 });
  const ids = promotions.map(({ id }) => id);
  const plain = (text: string) =>
    text
      .replaceAll(/audit \d+:[0-9a-f]{16}/g, 'audit')
      .replaceAll(/p0000\d+x/g, (id) => (ids.includes(id) ? 'this' : id));
  const requests = new Map<string, string[]>();
  for (const promotion of promotions) {
    const revision = revisionOfAsk(promotion);
    const card = await store.card(promotion.id);
    const thread = card ? slack.thread(card.ts, card.channel).map(reads).map(plain) : [];
    const known = requests.get(revision) ?? [
      `${runs.filter((tag) => tag === revision).length} runs`,
    ];
    requests.set(revision, [...known, [becameOf(promotion), ...thread].join('\n')].toSorted());
  }
  const told = [...slack.parts.stage.workspace.ephemerals.values()]
    .map((message) => plain(`${message.ephemeralFor}: ${reads(message)}`))
    .toSorted();
  return { requests, told };
}

function becameOf(promotion: Promotion): string {
  const approvals = 'approvals' in promotion ? (promotion.approvals ?? []) : [];
  const { state, requester } = promotion;
  return [state, requester, ...approvals.map(({ user }) => user)].join(' ');
}

/** What differs, in words: the requests, and what people were told more or less often. */
function differences(end: End, inOrder: End): readonly string[] {
  const wrong: string[] = [];
  for (const revision of new Set([...end.requests.keys(), ...inOrder.requests.keys()])) {
    const [is = [], should = []] = [end.requests.get(revision), inOrder.requests.get(revision)];
    if (is.join('\n---\n') === should.join('\n---\n')) continue;
    wrong.push(
      `${revision} ended as\n${is.join('\n---\n')}\ninstead of\n${should.join('\n---\n')}`,
    );
  }
  const count = (texts: readonly string[], text: string) =>
    texts.filter((one) => one === text).length;
  for (const text of new Set([...end.told, ...inOrder.told])) {
    const [is, should] = [count(end.told, text), count(inOrder.told, text)];
    if (is !== should) wrong.push(`told ${is} times instead of ${should}: ${text}`);
  }
  return wrong;
}

describe('deliveries of Slack that come in copies, out of order and late', () => {
  it(`${wanted} of them: the same end as in order`, async () => {
    const count = Math.ceil(wanted / each) + spare;
    const inOrder = await play(count, { disorder: false });
    const begun = performance.now();
    const { end, handed } = await play(count, { disorder: true });
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    console.info(
      `${handed} deliveries of ${inOrder.handed} on ${count} requests (DELIVERIES_SEED=${seed}) in ${seconds} s`,
    );
    expect(differences(end, inOrder.end)).toEqual([]);
    expect(handed).toBeGreaterThanOrEqual(wanted);
  }, 3_600_000);

  it('are seen to do harm without the inbox', async () => {
    const { end: inOrder } = await play(10, { disorder: false });
    const found = await play(10, { disorder: true, missing: 'inbox' }).then(
      ({ end }) => differences(end, inOrder),
      (error: unknown) => [String(error)],
    );
    console.info(`without the inbox: ${found.length} differences, as ${found[0]?.slice(0, 300)}`);
    expect(found).not.toEqual([]);
  }, 120_000);
});
