import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A process of the bench that listens on a port of loopback. */
export interface Service {
  readonly host: string;
  readonly url: string;
  readonly pid: number;
  close(): Promise<void>;
}

/** Starts one of the bench's own scripts as a process and waits until it tells its port. */
async function startService(script: string, args: readonly string[]): Promise<Service> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  for await (const line of createInterface({ input: child.stdout })) {
    const { port } = JSON.parse(line) as { readonly port: number };
    const host = `127.0.0.1:${port}`;
    return {
      host,
      url: `http://${host}`,
      pid: child.pid ?? 0,
      async close() {
        child.kill('SIGKILL');
        await ended;
      },
    };
  }
  throw new Error(`${script} does not come up`);
}

/** Hands out the archives of a folder as the queue does. */
export function startArtifactServer(folder: string): Promise<Service> {
  return startService('artifact-server.ts', [folder]);
}

/** A link of so many megabytes a second each way to a port of this machine. */
export function startLink(to: string, megabytes: number): Promise<Service> {
  const port = to.split(':').at(-1) ?? '';
  return startService('pacing-proxy.ts', [port, String(megabytes * 1_000_000)]);
}
