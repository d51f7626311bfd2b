import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { byHand, type PeerName } from './peers.ts';

const run = promisify(execFile);

/** What of the peers is on this machine. */
export interface Peers {
  /** Versions by name. */
  readonly there: ReadonlyMap<PeerName, string>;
  /** Why the others are left out. */
  readonly missing: ReadonlyMap<PeerName, string>;
}

/** The versions that were compared last, as the Go module proxy has them. */
const modules = {
  crane: 'github.com/google/go-containerregistry/cmd/crane@v0.22.1',
  regctl: 'github.com/regclient/regclient/cmd/regctl@v0.11.7',
} as const;

/** Asks every peer for its version. */
export async function findPeers(): Promise<Peers> {
  const there = new Map<PeerName, string>();
  const missing = new Map<PeerName, string>();
  for (const [name, { program, version }] of Object.entries(byHand)) {
    try {
      const { stdout } = await run(program, version);
      there.set(name as PeerName, versionIn(stdout));
    } catch (error) {
      const hint = name in modules ? `; go install ${modules[name as keyof typeof modules]}` : '';
      missing.set(name as PeerName, `${(error as Error).message.split('\n')[0]}${hint}`);
    }
  }
  return { there, missing };
}

/** Builds those peers that Go can build, into a folder. The only thing here that asks a server of somebody else. */
export async function installPeers(folder: string): Promise<void> {
  for (const module of Object.values(modules)) {
    const env = { ...process.env, GOBIN: folder, CGO_ENABLED: '0' };
    await run('go', ['install', module], { env }).catch((error: Error) => {
      console.log(`${module} can't be built: ${error.message.split('\n')[1] ?? error.message}`);
    });
  }
}

/** What besides the peers the figures depend on. */
export async function ourVersions(): Promise<Map<string, string>> {
  const versions = new Map([
    ['Node', process.versions.node],
    ['zlib', process.versions.zlib],
  ]);
  for (const program of ['igzip', 'zstd', 'dockerd', 'docker-registry']) {
    const told = await run(program, ['--version']).catch(() => undefined);
    const version = told && versionIn(told.stdout + told.stderr);
    if (version) versions.set(program, version);
  }
  return versions;
}

/** Every program has its own way to say it. */
function versionIn(text: string): string {
  return /\d+\.\d+[^\s,]*/.exec(text)?.[0] ?? text.trim();
}
