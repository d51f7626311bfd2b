import { accessSync, constants } from 'node:fs';
import { isAbsolute, join } from 'node:path';

export type Variables = Readonly<Record<string, string | undefined>>;

/** What git may need to reach a server; nothing else of ours is handed on. */
const handedOn = [
  'HTTPS_PROXY',
  'https_proxy',
  'NO_PROXY',
  'no_proxy',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'SSH_AUTH_SOCK',
];

/**
 * Settings that hold whatever a machine or a repository says: nothing of a fetched tree is run, no other host is
 * followed, nobody is asked for a password.
 */
const settings: Readonly<Record<string, string>> = {
  'core.hooksPath': '/dev/null',
  'core.fsmonitor': 'false',
  'core.quotePath': 'false',
  'core.autocrlf': 'false',
  'core.attributesFile': '/dev/null',
  'credential.helper': '',
  'fetch.recurseSubmodules': 'false',
  'gc.auto': '0',
  'maintenance.auto': 'false',
  'http.followRedirects': 'false',
  'http.lowSpeedLimit': '1000',
  'http.lowSpeedTime': '30',
  'init.defaultBranch': 'main',
};

/** The absolute path of git on PATH, or `undefined`. */
export function findGit({ PATH = '/usr/local/bin:/usr/bin:/bin' }: Variables): string | undefined {
  const folders = PATH.split(':').filter((folder) => isAbsolute(folder));
  return folders.map((folder) => join(folder, 'git')).find((path) => isRunnable(path));
}

function isRunnable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * The whole environment of a git process. `home` is an empty folder, `remote` the one address that it may talk to:
 * given here, because everyone on the machine can read a command line.
 */
export function gitEnvironment(
  given: Variables,
  home: string,
  remote?: string,
): Record<string, string> {
  const config = Object.entries({ ...settings, ...(remote ? remoteSettings(remote) : {}) });
  return {
    ...Object.fromEntries(handedOn.flatMap((name) => (given[name] ? [[name, given[name]]] : []))),
    PATH: given['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    HOME: home,
    LC_ALL: 'C',
    TZ: 'UTC',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: 'true',
    GIT_SSH_COMMAND: 'ssh -o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=15',
    GIT_ALLOW_PROTOCOL: remote && /^http:/i.test(remote) ? 'http' : 'https:ssh:file',
    GIT_CONFIG_COUNT: String(config.length),
    ...Object.fromEntries(
      config.flatMap(([key, value], index) => [
        [`GIT_CONFIG_KEY_${index}`, key],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    ),
  };
}

/** `origin` as a remote that may hand out blobs later, when they are read. */
function remoteSettings(remote: string): Readonly<Record<string, string>> {
  return { 'remote.origin.url': remote, 'remote.origin.promisor': 'true' };
}
