import { expect } from 'vitest';
import { anchorsIn } from '../../../src/domain/anchors.ts';
import { logChecks } from '../../../src/domain/audit-checks.ts';
import { verifyLog } from '../../../src/domain/audit.ts';
import { hasWork } from '../../../src/domain/states.ts';
import { reads } from './reading.ts';
import type { Outside } from '../../../local/rig/outside.ts';
import type { Slack } from '../../../local/slack/slack.ts';
import type { Store } from '../../../src/store-port.ts';

/** What is looked over at the end of a scenario. */
export interface Left {
  readonly outside: Pick<Outside, 'credentials'>;
  readonly slack: Slack;
  readonly store: Store;
  readonly log: readonly string[];
  readonly expectsErrors: boolean;
  /** Everything that is in the bot’s folder. */
  disk(): Promise<Buffer>;
}

/** What is true at the end of every scenario, whatever it was about. */
export async function expectSound(world: Left): Promise<void> {
  await expectWholeLog(world);
  await expectNothingHalfDone(world);
  expectReadable(world);
  expectTaken(world);
  await expectNoSecret(world);
  if (!world.expectsErrors)
    expect(world.log.filter((line) => line.includes('"level":50'))).toEqual([]);
}

/** The chain holds, and the channel has seen no other. */
async function expectWholeLog({ store, slack }: Left): Promise<void> {
  const anchors = anchorsIn(
    slack.exportChannel().map(({ messages }) => messages),
    new Set([slack.parts.stage.workspace.seed.bot.id]),
  );
  if (slack.messages().length > 0) expect(anchors).not.toEqual([]);
  expect(await verifyLog(store.events(), anchors, logChecks(store.keys!))).toMatchObject({
    ok: true,
  });
}

/** Nothing is under way for ever, and each promotion that people saw has one card, which says where it stands. */
async function expectNothingHalfDone({ store, slack }: Left): Promise<void> {
  expect(await store.list({ states: hasWork, limit: 10 })).toEqual([]);
  // How far a push is may be told up to a second after its end.
  await expect.poll(() => store.outbox.next(), { timeout: 5000 }).toBeUndefined();
  // A re-pin’s patch is no promotion’s: it stands in the channel by itself.
  const tops = slack
    .messages()
    .filter(({ ts, thread_ts }) => (thread_ts ?? ts) === ts)
    .filter(({ files, metadata }) => !files && metadata?.event_payload['promotion'] !== '');
  const promotions = await store.list({ limit: 100 });
  const cards = (await Promise.all(promotions.map(({ id }) => store.card(id)))).flatMap((card) =>
    card ? [card.ts] : [],
  );
  expect(tops.map(({ ts }) => ts).toSorted()).toEqual(cards.toSorted());
}

/** No stack trace, no value of the program, nothing that was left unfilled. */
function expectReadable({ slack }: Left): void {
  const everything = [...slack.messages(), ...slack.parts.stage.workspace.ephemerals.values()];
  for (const message of everything) {
    // An uploaded file is a message without a text.
    const texts = message.files ? [reads(message)] : [message.text, reads(message)];
    for (const raw of texts) {
      const text = raw.replaceAll(/<!date[^>]*>/g, '');
      expect(text).not.toMatch(
        /^\s+at .+:\d+|node:internal|\bundefined\b|\bnull\b|(?<!\w)NaN(?!\w)|\[object/m,
      );
      expect(text).not.toMatch(/(?<!\$)\{\w+\}/);
      expect(raw.trim()).not.toBe('');
    }
  }
}

/** Slack took every message as it was: blocks within its limits, arguments that it knows. */
function expectTaken({ slack }: Left): void {
  const refused = slack
    .transcript()
    .filter(({ from }) => from === 'app')
    .filter(({ response }) =>
      /invalid_(?!auth)|too_long|no_text|format/.test(
        String((response as { error?: string })?.error),
      ),
    );
  expect(refused).toEqual([]);
}

/** The registry’s password is nowhere that stays. */
async function expectNoSecret(world: Left): Promise<void> {
  const { outside, slack, log } = world;
  const password = outside.credentials.password.reveal();
  const everywhere = [JSON.stringify(slack.transcript()), log.join(''), String(await world.disk())];
  for (const place of everywhere) {
    expect(place.includes(password)).toBe(false);
    expect(place.includes(Buffer.from(password).toString('base64').slice(0, -4))).toBe(false);
  }
}
