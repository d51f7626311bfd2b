import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { TaskDefinition } from '../../local/taskcluster/definition.ts';
import type { Fault } from '../../local/taskcluster/world.ts';
import { newTaskId } from '../../local/taskcluster/task-id.ts';
import { explain, isRefusal, PromotionError } from '../../src/domain/errors.ts';
import { Revision, TaskId } from '../../src/domain/reference.ts';
import {
  image,
  revision,
  setting,
  shortTimeouts,
  someBytes,
} from '../helpers/taskcluster/setting.ts';

const given = setting();
const archive = someBytes(1000);

/** As a real queue says it. */
function error(code: string, message: string): string {
  const told = `${message}\n\n---\n\n* method:     task\n* errorCode:  ${code}`;
  return JSON.stringify({ code, message: told, requestInfo: { method: 'task', params: {} } });
}

const missing = (scope: string): string =>
  error(
    'InsufficientScopes',
    `This request requires Taskcluster credentials that satisfy the following scope expression:\n\n\`\`\`\n{\n  "AllOf": [\n    "${scope}"\n  ]\n}\n\`\`\``,
  );

/** What people are told about a trusted build while something goes wrong. */
async function told(...faults: readonly Fault[]): Promise<string> {
  const { builds, publish, taskcluster } = given();
  const { taskId } = await publish({ archive });
  taskcluster.faults.push(...faults);
  try {
    const outcome = await builds({ timeouts: shortTimeouts }).verify(image, taskId);
    return isRefusal(outcome) ? explain(outcome) : 'trusted';
  } catch (thrown) {
    if (thrown instanceof PromotionError) return explain(thrown.refusal);
    throw thrown;
  }
}

describe('a task id', () => {
  it('is what the queue takes for one: a mistyped one is told in the line already', () => {
    expect(TaskId.safeParse('fN1SbArXTPSVFNUvaOlinQ').success).toBe(true);
    for (const wrong of [
      'abcdefghijklmnopqrstuv',
      'fN1SbArXTPSVFNUvaOlinR',
      'fN1SbArXTPSVFNUvaOlin',
    ]) {
      expect(TaskId.safeParse(wrong).success).toBe(false);
    }
  });

  it('that the queue takes for none is no such task, not a fault that passes', async () => {
    const body = error('InvalidRequestArguments', 'Invalid URL patterns');
    const says = await told({ at: 'queue', path: '/status', fault: 'status', status: 400, body });
    expect(says).toMatch(/^Taskcluster has no task .* Check the id/);
  });

  it('of a decision task, or of its group, stands for its push', async () => {
    const { builds, publish } = given();
    const { taskId, decision } = await publish({ archive });
    expect(await builds().find(image, { by: 'task', taskId: decision })).toBe(taskId);
    expect(await builds().find(image, { by: 'task', taskId })).toBe(taskId);
    const unknown = newTaskId();
    expect(await builds().find(image, { by: 'task', taskId: unknown })).toBe(unknown);
  });
});

describe('a commit', () => {
  it('whose cached image an action built again leads to the newest of them, and it is bound', async () => {
    const { builds, publish, taskcluster } = given();
    const commit = '0c'.repeat(20);
    const ago = (minutes: number): Date => new Date(Date.now() - minutes * 60_000);
    const first = await publish({ archive, revision: commit, created: ago(90) });
    const push = { archive, revision: commit, pushedAs: first.decision } as const;
    const newest = await publish({ ...push, created: ago(20), action: () => {} });
    await publish({ ...push, created: ago(50), action: () => {} });
    const failed = await publish({ ...push, created: ago(5), action: () => {} });
    const parent = taskcluster.tasks.get(failed.taskId)?.definition as TaskDefinition;
    taskcluster.tasks.get(String(parent.extra['parent']))?.artifacts.get(0)?.clear();
    const ask = { by: 'revision', revision: Revision.parse(commit) } as const;
    expect(await builds().find(image, ask)).toBe(newest.taskId);
    expect(await builds().verify(image, newest.taskId)).toMatchObject({
      decision: { taskId: first.decision, action: { scope: expect.stringContaining(':action:') } },
    });
  });
});

describe('a right that is missing', () => {
  it.each<readonly [string, Omit<Fault, 'fault'>]>([
    ['queue:status:x', { at: 'queue', path: '/status' }],
    ['queue:get-task:x', { at: 'queue', path: '/task/' }],
    ['queue:get-artifact:public/chain-of-trust.json', { at: 'queue', path: '/artifacts/' }],
    ['queue:list-artifacts:x', { at: 'queue', path: '/artifact-info/' }],
  ])('%s is named with its code, and nothing is asked again', async (scope, at) => {
    const fault = { ...at, fault: 'status', status: 403, times: 9, body: missing(scope) } as Fault;
    const says = await told(fault);
    expect(says).toContain(`(InsufficientScopes): \`${scope}\`.`);
    expect(says).toContain('docs/operations.md');
    expect(fault.times).toBe(8);
    expect(readFileSync('docs/operations.md', 'utf8')).toContain(
      scope.split(':').slice(0, 2).join(':'),
    );
  });

  it('is told of the index as well', async () => {
    const { builds, taskcluster } = given();
    const body = missing('index:find-task:releng.v2');
    taskcluster.faults.push({ at: 'index', fault: 'status', status: 403, body });
    const ask = { by: 'revision', revision: Revision.parse(revision) } as const;
    const found = builds({ timeouts: shortTimeouts }).find(image, ask);
    await expect(found).rejects.toMatchObject({
      reason: 'missing-scope',
      refusal: { facts: { scope: 'index:find-task:releng.v2' } },
    });
  });
});

describe('an artifact', () => {
  it('that the worker could not store is told with the queue’s reason', async () => {
    const { builds, publish } = given();
    const { taskId } = await publish({
      archive,
      artifact: ({ name, contentType, expires }) => ({
        name,
        contentType,
        expires,
        storageType: 'error',
        reason: 'file-missing-on-worker',
        message: 'Could not read directory /workspace/out',
      }),
    });
    expect(await builds().verify(image, taskId)).toMatchObject({
      reason: 'artifact-error',
      facts: { problem: 'file-missing-on-worker: Could not read directory /workspace/out' },
    });
  });

  it('that has expired is told so, also where it is the certificate', async () => {
    const { builds, publish, taskcluster } = given();
    const { taskId } = await publish({ archive });
    const artifacts = taskcluster.tasks.get(taskId)?.artifacts.get(0);
    const name = 'public/chain-of-trust.json';
    const expires = '2026-01-01T00:00:00.000Z';
    const certificate = artifacts?.get(name);
    if (certificate) artifacts?.set(name, { ...certificate, expires });
    expect(await builds().verify(image, taskId)).toMatchObject({
      reason: 'artifact-expired',
      facts: { artifact: name, expires },
    });
  });

  it('whose storage is down is told with the storage’s host', async () => {
    const { host } = new URL(given().taskcluster.storage);
    const says = await told({ at: 'storage', fault: 'status', status: 503, times: 99 });
    expect(says).toContain(`status 503 (the storage at ${host})`);
  });
});
