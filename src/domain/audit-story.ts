import { open, statesThat, type Approval, type State } from './states.ts';
import type { ChainedEvent } from './event.ts';

/** One promotion as the log tells it, as far as a push stands on it. */
export interface Story {
  readonly state: State;
  readonly requester: string;
  /** What was put before people, once something was. */
  readonly planned?: Planned | undefined;
  readonly approvals: readonly Approval[];
  /** Whether the push that is under way had its credentials. */
  readonly isOpen: boolean;
  /** Digests that pushes were about to put under the tag. */
  readonly tagging: readonly string[];
  /** Whether a push was about to put the tag. */
  readonly isTagged: boolean;
  readonly digest?: string | undefined;
}

export interface Planned {
  readonly planHash: string;
  /** Distinct people besides the requester. */
  readonly required: number;
  /** ISO 8601, UTC. */
  readonly expires: string;
  /** Milliseconds for which a push that has begun may go on after that. */
  readonly finish: number;
}

/** What an event may say that the law below asks for. Absent and wrong are the same: then the event may not stand there. */
interface Said {
  readonly state?: unknown;
  readonly planHash?: unknown;
  readonly required?: unknown;
  readonly expires?: unknown;
  readonly finish?: unknown;
  readonly approval?: Partial<Approval> | undefined;
  readonly approvers?: unknown;
  readonly tagging?: { readonly digest?: unknown } | undefined;
  readonly pushed?: { readonly digest?: unknown; readonly wasThere?: unknown } | undefined;
  readonly refusal?: { readonly reason?: unknown } | undefined;
}

/** A kind of event: from which states it may come, and what it makes of the story, or why it may not stand there. */
interface Chapter {
  readonly from: readonly State[];
  readonly by: 'bot' | 'somebody';
  readonly tell: (story: Story, event: ChainedEvent & { readonly data: Said }) => Story | string;
}

/** How long after it was looked at a step may be written: looking again asks the whole world. */
const tolerance = 15 * 60_000;

const to =
  (state: State) =>
  (story: Story): Story => ({ ...story, state });

/** The law: the only ways in which a promotion may go. What is not here moves none. */
const chapters: Readonly<Record<string, Chapter>> = {
  'build-proven': { from: ['asked'], by: 'bot', tell: to('asked') },
  planned: { from: ['asked'], by: 'bot', tell: plan },
  unneeded: { from: ['asked'], by: 'bot', tell: to('unneeded') },
  approved: { from: ['pending'], by: 'somebody', tell: approve },
  rejected: { from: ['pending'], by: 'somebody', tell: to('rejected') },
  withdrawn: {
    from: statesThat('can be taken back'),
    by: 'somebody',
    tell: withdraw,
  },
  retried: { from: ['failed'], by: 'somebody', tell: to('approved') },
  expired: { from: ['pending', 'approved', 'pushing'], by: 'bot', tell: to('expired') },
  pushing: { from: ['approved'], by: 'bot', tell: begin },
  decrypting: { from: ['pushing'], by: 'bot', tell: decrypt },
  tagging: { from: ['pushing'], by: 'bot', tell: tag },
  promoted: { from: ['pushing'], by: 'bot', tell: promote },
  reported: { from: ['promoted'], by: 'bot', tell: to('reported') },
  failed: { from: ['approved', 'pushing'], by: 'bot', tell: to('failed') },
};

/**
 * The story after one more event of the same promotion; `before` is absent for the first. Returns a text where the event
 * may not stand there: what is wrong, in words.
 */
export function continueStory(
  before: Story | undefined,
  event: ChainedEvent,
): Story | string | undefined {
  const { kind, actor } = event;
  if (kind === 'asked') return before ? 'it was asked for twice' : ask(event);
  if (kind === 'refused') return refuse(before, event);
  const chapter = Object.hasOwn(chapters, kind) ? chapters[kind] : undefined;
  if (!chapter) return before;
  if (!before) return `${kind}, but nobody had asked for it`;
  if (!chapter.from.includes(before.state)) return `${kind}, but it was ${before.state}`;
  if ((actor === 'bot') !== (chapter.by === 'bot')) return `${kind} by ${actor}`;
  return chapter.tell(before, event);
}

function ask({ actor }: ChainedEvent): Story | string {
  if (actor === 'bot') return 'asked by bot';
  return {
    state: 'asked',
    requester: actor,
    approvals: [],
    isOpen: false,
    tagging: [],
    isTagged: false,
  };
}

/** A refused line or click changes nothing, and has no state. */
function refuse(
  before: Story | undefined,
  { actor, data }: ChainedEvent,
): Story | string | undefined {
  const { state, refusal } = data as Said;
  if (state !== 'refused') return before;
  if (!before) return 'refused, but nobody had asked for it';
  if (actor !== 'bot') return `refused by ${actor}`;
  // Whatever the row said, the log was believed.
  const isDoubted = refusal?.reason === 'log-disagrees';
  if (!isDoubted && !open.includes(before.state)) return `refused, but it was ${before.state}`;
  return { ...before, state: 'refused' };
}

function plan(story: Story, { data }: { readonly data: Said }): Story | string {
  const { planHash, required, expires, finish } = data;
  if (typeof planHash !== 'string' || typeof expires !== 'string') return 'planned without a plan';
  if (typeof required !== 'number' || required < 1) return 'planned with nobody to approve it';
  const planned = { planHash, required, expires, finish: typeof finish === 'number' ? finish : 0 };
  return { ...story, state: 'pending', planned };
}

function approve(
  story: Story,
  { actor, at, data }: ChainedEvent & { readonly data: Said },
): Story | string {
  const { planned, requester, approvals } = story;
  const { user, person, planHash, at: when } = data.approval ?? {};
  if (!planned || !user || !person || !planHash || !when || !data.approvers) {
    return 'approved, but not by whom and under which rule';
  }
  if (user !== actor) return `approved by ${actor} in the name of ${user}`;
  if (planHash !== planned.planHash || data.planHash !== planHash)
    return 'another plan was approved';
  if ([user, person].includes(requester)) return `approved by ${actor}, who had asked for it`;
  if (approvals.some((yes) => yes.person === person || yes.user === user)) {
    return `approved twice by ${actor}`;
  }
  if (Date.parse(at) >= Date.parse(planned.expires) + tolerance) return 'approved after it expired';
  const all = [...approvals, { user, person, planHash, at: when }];
  // The policy may have changed since the plan. That counts here only: what is pushed needs as many as the plan says.
  const required = typeof data.required === 'number' ? data.required : planned.required;
  const state = all.length >= required ? 'approved' : 'pending';
  if (data.state !== state) {
    return `${String(data.state)} with ${all.length} of ${required} approvals`;
  }
  return { ...story, state, approvals: all };
}

function withdraw(story: Story, { actor }: ChainedEvent): Story | string {
  const may = [story.requester, ...story.approvals.map(({ user }) => user)];
  return may.includes(actor) ? { ...story, state: 'withdrawn' } : `withdrawn by ${actor}`;
}

function begin(story: Story, { at }: ChainedEvent): Story | string {
  const { planned, approvals } = story;
  if (!planned || approvals.length < planned.required) return 'pushed without its approvals';
  if (Date.parse(at) >= Date.parse(planned.expires) + tolerance) return 'pushed after it expired';
  return { ...story, state: 'pushing', isOpen: false };
}

function decrypt(story: Story, { at }: ChainedEvent): Story | string {
  const { planned, approvals, isTagged } = story;
  if (!planned || approvals.length < planned.required) return 'decrypted without its approvals';
  const last = Date.parse(planned.expires) + planned.finish + tolerance;
  // A tag that is put is only looked at again, however late.
  if (!isTagged && Date.parse(at) >= last) return 'decrypted after it expired';
  return { ...story, isOpen: true };
}

function tag(story: Story, { data }: { readonly data: Said }): Story | string {
  if (!story.isOpen) return 'a tag was put without a push';
  const digest = data.tagging?.digest;
  const tagging = typeof digest === 'string' ? [...story.tagging, digest] : story.tagging;
  return { ...story, isTagged: true, tagging };
}

function promote(story: Story, { data }: { readonly data: Said }): Story | string {
  const digest = data.pushed?.digest;
  if (!story.isOpen) return 'promoted without a push';
  if (typeof digest !== 'string') return 'promoted without a digest';
  const isOurs = story.tagging.length === 0 || story.tagging.includes(digest);
  if (!isOurs && data.pushed?.wasThere !== true) {
    return `promoted as ${digest}, which no push was about to put`;
  }
  return { ...story, state: 'promoted', digest };
}
