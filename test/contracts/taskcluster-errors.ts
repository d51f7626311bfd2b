import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Asked } from './taskcluster-asked.ts';

const queue = '/api/queue/v1';
const index = '/api/index/v1';

const taskId = '/^[A-Za-z0-9_-]{8}[Q-T][A-Za-z0-9_-][CGKOSWaeimquy26-][A-Za-z0-9_-]{10}[AQgw]$/';
const indexPath = "/^([a-zA-Z0-9_!~*'()%-]+\\.)*[a-zA-Z0-9_!~*'()%-]+$/";
const mustMatch = (parameter: string, value: string, pattern: string): string =>
  `Invalid URL patterns:\nURL parameter '${parameter}' given as '${value}' must match regular expression: '${pattern}'`;

interface Told {
  readonly path: (of: Asked) => string;
  readonly status: number;
  readonly code: string;
  readonly method: string;
  readonly message: (of: Asked) => string;
  readonly params: (of: Asked) => object;
}

/** In a request's own words: the path behind the service, what is wrong with it, and which call it is. */
const errors: Readonly<Record<string, Told>> = {
  'a task that is not there': {
    path: () => `${queue}/task/fN1SbArXTPSVFNUvaOlinQ/status`,
    status: 404,
    code: 'ResourceNotFound',
    method: 'status',
    message: () =>
      '`fN1SbArXTPSVFNUvaOlinQ` does not correspond to a task that exists.\nAre you sure this task exists?',
    params: () => ({ taskId: 'fN1SbArXTPSVFNUvaOlinQ' }),
  },
  ...Object.fromEntries(
    ['abcdefghijklmnopqrstuv', 'xx'].map((id) => [
      `what is no task id: ${id}`,
      {
        path: () => `${queue}/task/${id}/status`,
        status: 400,
        code: 'InvalidRequestArguments',
        method: 'status',
        message: () => mustMatch('taskId', id, taskId),
        params: () => ({ taskId: id }),
      },
    ]),
  ),
  'a run that is not there': {
    path: ({ image }) => `${queue}/task/${image}/runs/7/artifacts`,
    status: 404,
    code: 'ResourceNotFound',
    method: 'listArtifacts',
    message: ({ image }) => `Task with taskId: \`${image}\` has no run with runId: 7`,
    params: ({ image }) => ({ taskId: image, runId: '7' }),
  },
  ...Object.fromEntries(
    [
      ['artifacts', 'getArtifact'],
      ['artifact-info', 'artifactInfo'],
    ].map(([kind, method = '']) => [
      `an artifact that is not there: ${kind}`,
      {
        path: ({ image }: Asked) => `${queue}/task/${image}/runs/0/${kind}/public/none`,
        status: 404,
        code: 'ResourceNotFound',
        method,
        message: () => 'Artifact not found',
        params: ({ image }: Asked) => ({ taskId: image, runId: '0', name: 'public/none' }),
      },
    ]),
  ),
  'an artifact that is not public': {
    path: ({ image }) => `${queue}/task/${image}/runs/0/artifacts/private/x`,
    status: 403,
    code: 'InsufficientScopes',
    method: 'getArtifact',
    message: () =>
      'This request requires Taskcluster credentials that satisfy the following scope expression:\n\n```\n{\n  "AllOf": [\n    "queue:get-artifact:private/x"\n  ]\n}\n```',
    params: ({ image }) => ({ taskId: image, runId: '0', name: 'private/x' }),
  },
  'a route that is not there': {
    path: () => `${index}/task/a.b.c`,
    status: 404,
    code: 'ResourceNotFound',
    method: 'findTask',
    message: () => 'Indexed task not found',
    params: () => ({ indexPath: 'a.b.c' }),
  },
  'what is no route': {
    path: () => `${index}/task/a..b`,
    status: 400,
    code: 'InvalidRequestArguments',
    method: 'findTask',
    message: () => mustMatch('indexPath', 'a..b', indexPath),
    params: () => ({ indexPath: 'a..b' }),
  },
};

/** What a request is told that can't be answered, and what every service says of itself. */
export function taskclusterErrors(name: string, given: () => Asked): void {
  describe(`${name}: an error`, () => {
    it.each(Object.entries(errors))('%s', async (_, wanted) => {
      const answer = await given().get(wanted.path(given()));
      const { status, code, method } = wanted;
      const { time: at } = z
        .object({ requestInfo: z.object({ time: z.iso.datetime() }) })
        .parse(answer.body).requestInfo;
      const facts = `* method:     ${method}\n* errorCode:  ${code}\n* statusCode: ${status}\n* time:       ${at}`;
      expect(answer).toMatchObject({
        status,
        headers: { 'content-type': 'application/json; charset=utf-8' },
      });
      expect(answer.body).toEqual({
        code,
        message: `${wanted.message(given())}\n\n---\n\n${facts}`,
        requestInfo: { method, params: wanted.params(given()), payload: {}, time: at },
      });
    });

    it('about a path that nobody knows has a form of its own', async () => {
      const { status, body } = await given().get(`${queue}/nosuch`);
      expect([status, body]).toEqual([404, { error: 'Not found' }]);
    });
  });

  describe(`${name}: a service`, () => {
    it('says that it is alive, and its version', async () => {
      const alive = await given().get(`${queue}/ping`);
      expect(alive).toMatchObject({ status: 200 });
      expect(alive.body).toEqual({ alive: true, uptime: expect.any(Number) });
      const version = await given().get(`${queue}/__version__`);
      expect(Object.keys(version.body ?? {})).toEqual(['version', 'commit', 'source', 'build']);
    });
  });
}
