import { isLoopback } from '../domain/urls.ts';

/** The environment’s variables that say where the Docker engine is. */
export interface DockerVariables {
  readonly DOCKER_HOST?: string | undefined;
  readonly DOCKER_TLS_VERIFY?: string | undefined;
  /** A folder with `ca.pem`, `cert.pem` and `key.pem`. */
  readonly DOCKER_CERT_PATH?: string | undefined;
}

/** Where nobody on the way can read the account’s password or give orders: a socket, loopback, or TLS. */
export type DockerHost =
  | { readonly kind: 'socket'; readonly path: string }
  | {
      readonly kind: 'tcp';
      readonly protocol: 'http' | 'https';
      readonly host: string;
      readonly port: number;
      /** For https: the folder of DOCKER_CERT_PATH. */
      readonly certificates: string | undefined;
    };

/**
 * Reads DOCKER_HOST as the docker command does, or says why it is not taken. Where there is TLS, the engine’s
 * certificate is always verified.
 * @see https://docs.docker.com/engine/security/protect-access/
 */
export function readDockerHost(
  given: DockerVariables,
): DockerHost | { readonly kind: 'refused'; readonly problem: string } {
  const { DOCKER_HOST: text = 'unix:///var/run/docker.sock', DOCKER_TLS_VERIFY: verify } = given;
  if (!URL.canParse(text)) return refused('is not unix:///…, tcp://… or https://…');
  const url = new URL(text);
  const { protocol, username, password, hostname } = url;
  if (username || password) return refused('must not carry credentials');
  if (protocol === 'unix:' && !url.host && url.pathname !== '/') {
    return { kind: 'socket', path: decodeURI(url.pathname) };
  }
  if (protocol === 'ssh:') {
    return refused('is not taken: forward the engine’s socket with ssh -L, and name that');
  }
  if (!['tcp:', 'http:', 'https:'].includes(protocol) || !hostname) {
    return refused('is not unix:///…, tcp://… or https://…');
  }
  const isTls = protocol === 'https:' || (protocol === 'tcp:' && (verify || url.port === '2376'));
  if (!isTls && !isLoopback(hostname)) {
    return refused('is neither a socket, nor loopback, nor TLS (DOCKER_TLS_VERIFY, or https://…)');
  }
  return {
    kind: 'tcp',
    protocol: isTls ? 'https' : 'http',
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || (isTls ? 2376 : 2375),
    certificates: isTls ? given.DOCKER_CERT_PATH : undefined,
  };
}

function refused(problem: string) {
  return { kind: 'refused', problem } as const;
}
