import { z } from 'zod';
import { readJson } from '../net/json.ts';
import { Secret } from '../domain/secret.ts';

const secret = z.string().transform((value) => new Secret(value));

/** Who reads Taskcluster, where not everybody may; the certificate is of temporary credentials. */
export const taskclusterVariables = {
  TASKCLUSTER_CLIENT_ID: z
    .string()
    .regex(/^[A-Za-z0-9!@/:.+|_-]+$/, 'is not a client id of Taskcluster')
    .optional(),
  TASKCLUSTER_ACCESS_TOKEN: secret.optional(),
  TASKCLUSTER_CERTIFICATE: secret
    .refine((text) => isJsonObject(text.reveal()), 'is not the JSON of temporary credentials')
    .optional(),
};

function isJsonObject(text: string): boolean {
  const json = readJson(Buffer.from(text));
  return 'value' in json && typeof json.value === 'object' && json.value !== null;
}

/** What is missing, and why: a client without its token, or half of temporary credentials, would read nothing. */
export function missingCredentials(
  given: Readonly<Record<string, string | undefined>>,
): readonly (readonly [name: string, reason: string])[] {
  const names = ['TASKCLUSTER_CLIENT_ID', 'TASKCLUSTER_ACCESS_TOKEN'] as const;
  const present = ['TASKCLUSTER_CERTIFICATE', ...names].find((name) => given[name]);
  return names
    .filter((name) => present !== undefined && !given[name])
    .map((name) => [name, `is missing, and ${present} is given`]);
}
