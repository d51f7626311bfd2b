import type { Secret } from '../domain/secret.ts';

/** Who asks queue and index, where the anonymous role may not read. */
export interface TaskclusterCredentials {
  readonly clientId: string;
  readonly accessToken: Secret;
  /** JSON of temporary credentials. */
  readonly certificate?: Secret | undefined;
}

/** The environment's credentials; `undefined` where it has none: then everything is read as anybody may. */
export function credentialsFrom(environment: {
  readonly TASKCLUSTER_CLIENT_ID?: string | undefined;
  readonly TASKCLUSTER_ACCESS_TOKEN?: Secret | undefined;
  readonly TASKCLUSTER_CERTIFICATE?: Secret | undefined;
}): TaskclusterCredentials | undefined {
  const { TASKCLUSTER_CLIENT_ID: clientId, TASKCLUSTER_ACCESS_TOKEN: accessToken } = environment;
  if (!clientId || !accessToken) return undefined;
  return { clientId, accessToken, certificate: environment.TASKCLUSTER_CERTIFICATE };
}
