import type { Dispatcher } from 'undici';
import { z } from 'zod';
import { fail } from '../domain/errors.ts';
import { readJson } from '../net/json.ts';
import { readBody } from './http.ts';

/** What Taskcluster itself says about a request that it did not carry out; empty where it says nothing of the kind. */
export interface ApiError {
  /** `ResourceNotFound`, `InsufficientScopes`; of an artifact that could not be stored `file-missing-on-worker`. */
  readonly code: string;
  readonly message: string;
}

const Told = z.object({
  code: z.string().optional(),
  reason: z.string().optional(),
  message: z.string().default(''),
});

/** Reads the body of a refusal, whatever it is. @see https://docs.taskcluster.net/docs/manual/design/apis/errors */
export async function readApiError({ body }: Dispatcher.ResponseData): Promise<ApiError> {
  const bytes = await readBody(body, 64 * 1024);
  const json = bytes && readJson(bytes);
  const told = json && 'value' in json ? Told.safeParse(json.value) : undefined;
  const { code, reason, message = '' } = told?.data ?? {};
  return { code: code ?? reason ?? '', message };
}

/** A request whose form the service does not take is about nothing that there is: a task id that is none. */
export function isMalformed(statusCode: number, { code }: ApiError): boolean {
  return statusCode === 400 && code === 'InvalidRequestArguments';
}

/** Waiting does not help where credentials are not taken or a right is missing: which one is said. `what` as after “did not answer”. */
export function failUnadmitted(statusCode: number, error: ApiError, what: string): void {
  if (statusCode === 401) {
    const problem = [error.code, error.message.split('\n')[0]].filter(Boolean).join(': ');
    fail('taskcluster-credentials', { what, problem: problem.slice(0, 200) || 'status 401' });
  }
  if (statusCode !== 403 || error.code !== 'InsufficientScopes') return;
  const scopes = error.message.match(/\b[a-z-]+:[a-z-]+:[^\s"'`,]+/g) ?? [];
  const scope = [...new Set(scopes)].join(', ').slice(0, 200) || 'it does not say which';
  fail('missing-scope', { what, code: error.code, scope });
}
