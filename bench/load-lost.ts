import { setTimeout as sleep } from 'node:timers/promises';
import type { Slack } from '../local/slack/slack.ts';
import { verifyLog } from '../src/domain/audit.ts';
import type { Store } from '../src/store-port.ts';
import type { ChainedEvent } from '../src/domain/event.ts';
import { hasWork } from '../src/domain/states.ts';
import type { Act } from './load-people.ts';

/** How long the bot may take to answer, to do what was decided and to tell it, in milliseconds. */
const patience = 180_000;

interface Seen {
  readonly slack: Slack;
  readonly store: Store;
  /** Messages for one person that were there before. */
  readonly told: number;
}

/** Waits until everything is done, and says what is missing or there twice. */
export async function lost(acts: readonly Act[], seen: Seen): Promise<readonly string[]> {
  const deadline = performance.now() + patience;
  for (;;) {
    const problems = await missing(acts, seen);
    if (problems.length === 0 || performance.now() > deadline) return problems;
    await sleep(500);
  }
}

async function missing(
  acts: readonly Act[],
  { slack, store, told }: Seen,
): Promise<readonly string[]> {
  const problems: string[] = [];
  const open = await store.count(hasWork);
  if (open.size > 0) problems.push(`${[...open.values()].join()} promotions are not done`);
  if (await store.outbox.next()) problems.push('Slack does not have every post');
  const events = await Array.fromAsync(store.events());
  const sound = await verifyLog(events);
  if (!sound.ok) problems.push(...sound.problems);
  // A line is answered at once; a click where it is refused; a request once more where no build came of it.
  const lines = acts.filter(({ kind }) => kind !== 'approve').length;
  const clicks = acts.length - lines;
  const refused = events.filter(isRefusedClick).length;
  const approved = events.filter(({ kind }) => kind === 'approved').length;
  const found = answersIn(slack) - told;
  const wanted = lines + refused + unannounced(events);
  if (found !== wanted) problems.push(`${found} answers where ${wanted} are due`);
  if (refused + approved !== clicks) {
    problems.push(`${clicks} clicks, ${approved} approvals, ${refused} refusals`);
  }
  return problems;
}

/** Messages of the bot’s for one person; Slack’s own about a command that was acknowledged late are not. */
export function answersIn(slack: Slack): number {
  const all = [...slack.parts.stage.workspace.ephemerals.values()];
  return all.filter(({ user }) => user !== 'USLACKBOT').length;
}

function isRefusedClick({ kind, actor, promotion }: ChainedEvent): boolean {
  return kind === 'refused' && actor !== 'bot' && promotion !== undefined;
}

/** Requests that were refused before the channel saw anything of them: only their person is told. */
function unannounced(events: readonly ChainedEvent[]): number {
  const announced = new Set(
    events.filter(({ kind }) => kind === 'build-proven').map(({ promotion }) => promotion),
  );
  return events.filter(
    ({ kind, actor, promotion }) =>
      kind === 'refused' && actor === 'bot' && !announced.has(promotion),
  ).length;
}
