import { canonical } from '../domain/canonical.ts';
import { isRefusal, refuse, type Refusal } from '../domain/errors.ts';
import type { Plan, PlannedPin, TrustedBuild } from '../domain/plan.ts';
import { findPinned } from './pinned.ts';
import { hashPolicy, type Planning } from './planning.ts';

/** What looking again needs: it announces nothing, streams nothing and proves no layers. */
type Looking = Pick<Planning, 'image' | 'policy' | 'signal'> & {
  readonly ports: Pick<Planning['ports'], 'builds' | 'registry' | 'trees'>;
};

/**
 * Derives again, right before the push, what the approved plan stands on, and names the first difference. The
 * artifact's bytes are not read here: the push reads them once and releases none that differ from the approved ones.
 */
export async function findChange(plan: Plan, planning: Looking): Promise<Refusal | undefined> {
  return (
    policyChange(plan, planning) ??
    (await buildChange(plan, planning)) ??
    (await tagChange(plan, planning)) ??
    (await pinChange(plan, planning))
  );
}

/** The parts of the configuration that are not the approved plan’s any more. */
export function policyChange(
  plan: Plan,
  { policy, image }: Pick<Planning, 'policy' | 'image'>,
): Refusal | undefined {
  const now = hashPolicy(policy, image);
  const parts = (['approval', 'taskcluster', 'registry', 'image'] as const).filter(
    (part) => now[part] !== plan.policy[part],
  );
  if (parts.length === 0) return undefined;
  const names = parts.map((part) => (part === 'image' ? `images.${image.name}` : part));
  return refuse('changed-policy', { problem: names.join(', ') });
}

async function buildChange(plan: Plan, planning: Looking): Promise<Refusal | undefined> {
  const then = plan.build;
  const now = await planning.ports.builds.verify(planning.image, then.taskId);
  if (isRefusal(now)) return rerunOr(now, then);
  if (now.runId !== then.runId) return rerun(now.runId, then);
  if (now.definition !== then.definition) return refuse('changed-definition', {});
  if (now.certificate !== then.certificate) return refuse('changed-certificate', {});
  const differing = (Object.keys(then) as (keyof TrustedBuild)[]).find(
    (field) => canonical(then[field]) !== canonical(now[field]),
  );
  return differing && refuse('changed-plan', { problem: `the build’s ${differing}` });
}

/** A task that is no longer trusted says so itself; but where another run is why, that is the news. */
function rerunOr(refusal: Refusal, then: TrustedBuild): Refusal {
  // What is said of the decision task is the news itself.
  if (refusal.facts['role'] !== undefined) return refusal;
  const run = Number(refusal.facts['run'] ?? then.runId);
  if (run !== then.runId) return rerun(run, then);
  if (refusal.reason !== 'not-completed') return refusal;
  return refuse('changed-status', { got: refusal.facts['state'] ?? 'unknown', want: 'completed' });
}

function rerun(run: number, then: TrustedBuild): Refusal {
  return refuse('changed-run', { got: String(run), want: String(then.runId) });
}

/**
 * A tag that was free may hold this image by now, as it says: whether it does the push proves. One that was proven must
 * be exactly what was proven.
 */
async function tagChange(plan: Plan, { ports }: Looking): Promise<Refusal | undefined> {
  const now = await ports.registry.look(plan.target);
  if (now.state === 'unseen') return undefined;
  const digest = now.state === 'holds' ? now.digest : 'nothing';
  const { tagNow, target, contents } = plan;
  const isAsApproved =
    tagNow.state === 'found'
      ? digest === tagNow.digest
      : now.state === 'free' || now.imageId === contents.imageId;
  if (isAsApproved) return undefined;
  return refuse('changed-tag', { target: `${target.name}:${target.tag}`, digest });
}

/** A tree moves all day; what must not have moved is what the pins say. */
async function pinChange(plan: Plan, planning: Looking): Promise<Refusal | undefined> {
  const now = await findPinned({ ...planning, target: plan.target });
  for (const { source } of plan.trees) {
    const before = sayings(plan.pins, source);
    const after = sayings(now.pins, source);
    const gone = before.find((saying) => !after.includes(saying));
    const come = after.find((saying) => !before.includes(saying));
    if (gone) return refuse('changed-pins', { source, problem: `no longer there: ${gone}` });
    if (come) return refuse('changed-pins', { source, problem: `new: ${come}` });
  }
  return undefined;
}

function sayings(pins: readonly PlannedPin[], source: string): readonly string[] {
  return pins.filter((pin) => pin.source === source).map(({ path, from }) => `${from} in ${path}`);
}
