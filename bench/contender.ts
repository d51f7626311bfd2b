import type { KnownLayer } from '../src/ports.ts';
import type { Archive } from './data.ts';
import type { Command } from './measure.ts';

/** Who may push to the bench's registry; on loopback, and gone with it. */
export const account = { username: 'bench', password: 'bench-password' };

/** One task: this archive from that artifact server to that registry. */
export interface Task {
  readonly archive: Archive;
  /** Taskcluster, as far as it is needed. */
  readonly rootUrl: string;
  /** Where the queue hands the artifact out. */
  readonly artifactUrl: string;
  /** `127.0.0.1:<port>` */
  readonly registry: string;
  readonly target: { readonly name: string; readonly tag: string };
  readonly password: string;
  /** What ours knows of layers. */
  readonly ledger: readonly KnownLayer[];
  readonly dockerHost: string | undefined;
  /** An empty folder, which is home and temp folder, too. */
  readonly folder: string;
}

/** One way to get an image from its task to the registry. */
export interface Contender {
  readonly name: string;
  /** Works through a Docker engine. */
  readonly usesDocker?: boolean;
  /** Makes what a person has configured once, before the clock runs. */
  prepare?(task: Task): Promise<void>;
  command(task: Task): Command;
}

/** What every program gets to see: nothing of the account that runs the bench. */
export function cleanEnv({ folder }: Task): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    TMPDIR: folder,
    XDG_RUNTIME_DIR: folder,
    XDG_DATA_HOME: folder,
    XDG_CONFIG_HOME: folder,
  };
}
