import { isRefusal, refuse, type Refusal } from '../domain/errors.ts';
import type { BuildSource } from '../domain/image.ts';
import type { BoundDecision } from '../domain/plan.ts';
import { TaskId, type Revision } from '../domain/reference.ts';
import type { Source } from './artifact.ts';
import { verifyChainOfTrust, type Believed, type Subject } from './chain-of-trust.ts';
import { readCertificate, readSubject } from './evidence.ts';
import { missingInGraph, type Planner } from './graph.ts';
import { sourceProblem } from './origin.ts';
import { actsFor, wantedRoles, type Occasion } from './scopes.ts';
import type { Definition } from './task.ts';
import { interactiveSign, pullRequestSign } from './untrusted.ts';

/** A build that its decision task has to answer for. */
export interface Created {
  readonly subject: Subject;
  readonly parsed: Definition;
  readonly trustDomain: string;
  readonly pool: string;
  /** What the build says it comes from: all but one of them are ruled out here. */
  readonly claimed: readonly BuildSource[];
  readonly revision: Revision;
}

interface Trust extends Believed {
  readonly now: () => Date;
}

/** The source that a build comes from, as its decision task proves. */
export interface Bound {
  readonly source: BuildSource;
  readonly decision: BoundDecision;
}

/**
 * Binds a build to its source: the decision task of its group is itself proven and may act for that source and no other,
 * and its signed task graph holds exactly this task. What an action of the group built again stands in the action task's
 * graph; then both are proven.
 */
export async function boundByDecision(
  source: Source,
  trust: Trust,
  created: Created,
): Promise<Bound | Refusal> {
  const { subject, parsed, claimed } = created;
  const group = TaskId.safeParse(parsed.taskGroupId);
  // Only where to look: the graph that is signed there has to hold the task with this very parent.
  const parent = TaskId.safeParse(parsed.extra?.parent ?? parsed.taskGroupId);
  if (!group.success || !parent.success) {
    const problem = ': its task group or its parent is no task';
    return refuse('not-in-graph', { decision: parsed.taskGroupId, task: subject.taskId, problem });
  }
  const isAction = parent.data !== group.data;
  const decision = await prove(source, trust, {
    ...decisionRole,
    created,
    taskId: group.data,
    sources: claimed,
  });
  if (isRefusal(decision)) return decision;
  const action = isAction
    ? await prove(source, trust, {
        ...actionRole,
        created,
        taskId: parent.data,
        sources: [decision.source],
      })
    : undefined;
  if (isRefusal(action)) return action;
  const missing = await missingInGraph(source, (action ?? decision).planner, {
    created: subject,
    allowedKeys: trust.allowedKeys,
  });
  if (missing) return missing;
  const bound = { taskId: group.data, scope: decision.scope };
  if (!action) return { source: decision.source, decision: bound };
  const by = { taskId: parent.data, scope: action.scope };
  return { source: decision.source, decision: { ...bound, action: by } };
}

interface Role {
  readonly called: 'the decision task' | 'the action task';
  readonly occasions: readonly Occasion[];
}

const decisionRole: Role = {
  called: 'the decision task',
  occasions: ['branch', 'cron', 'release'],
};
const actionRole: Role = { called: 'the action task', occasions: ['action'] };

interface Asked extends Role {
  readonly created: Created;
  readonly taskId: TaskId;
  readonly sources: readonly BuildSource[];
}

interface Proven {
  readonly source: BuildSource;
  readonly scope: string;
  readonly planner: Planner;
}

async function prove(source: Source, trust: Trust, asked: Asked): Promise<Proven | Refusal> {
  const proven = await proveTask(source, trust, asked);
  if (!isRefusal(proven)) return proven;
  // The sentences speak of a task: this is not the one that was asked for.
  const { facts } = proven;
  const task = `${asked.taskId} (${asked.called})`;
  return { ...proven, facts: { ...facts, task, role: asked.called } };
}

async function proveTask(source: Source, trust: Trust, asked: Asked): Promise<Proven | Refusal> {
  const found = await readSubject(source, asked.taskId, trust.now());
  if (isRefusal(found)) return found;
  const { subject, parsed } = found;
  const acts =
    wrongPlace(parsed, asked.created, asked.taskId) ??
    untrustworthy(parsed, asked.taskId) ??
    boundSource(parsed, asked);
  if (isRefusal(acts)) return acts;
  const signed = await readCertificate(source, subject);
  if (isRefusal(signed)) return signed;
  const certificate = verifyChainOfTrust(signed, subject, trust);
  if (isRefusal(certificate)) return certificate;
  return { ...acts, planner: { subject, certificate } };
}

/** Decision and action tasks run in one pool only, under the scheduler of level 3, in the build's own group. */
function wrongPlace(
  { taskQueueId, provisionerId, workerType, schedulerId, taskGroupId }: Definition,
  { parsed, trustDomain, pool: want }: Created,
  task: TaskId,
): Refusal | undefined {
  const parts = provisionerId === undefined ? undefined : `${provisionerId}/${workerType}`;
  const got = [taskQueueId, parts].find((pool) => pool !== undefined && pool !== want);
  if (got !== undefined || (taskQueueId ?? parts) === undefined) {
    return refuse('wrong-worker-pool', { task, got: got ?? 'none', want });
  }
  const scheduler = `${trustDomain}-level-3`;
  if (schedulerId !== scheduler) {
    return refuse('wrong-scheduler', { task, got: schedulerId, want: scheduler });
  }
  const group = parsed.taskGroupId;
  if (taskGroupId === group) return undefined;
  return refuse('wrong-group', { task, got: taskGroupId, want: group });
}

function untrustworthy(definition: Definition, task: TaskId): Refusal | undefined {
  const request = pullRequestSign(definition);
  if (request) return refuse('pull-request', { task, sign: request });
  const interactive = interactiveSign(definition);
  if (interactive) return refuse('interactive', { task, sign: interactive });
  if (definition.payload.features['chainOfTrust'] === true) return undefined;
  return refuse('no-chain-of-trust-feature', { task });
}

/** Whom the task may act for, and whether it says so itself. */
function boundSource(
  definition: Definition,
  { taskId: task, sources, occasions, created }: Asked,
): { readonly source: BuildSource; readonly scope: string } | Refusal {
  const acts = actsFor(definition.scopes, sources, occasions);
  if ('got' in acts) {
    return refuse('wrong-role', { task, got: acts.got, want: wantedRoles(sources) });
  }
  return sourceProblem(definition, { task, revision: created.revision, ...acts }) ?? acts;
}
