import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { delimiter } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The bot as its own process, as it runs anywhere else. */
export interface LocalBot {
  readonly child: ChildProcess;
  /** JSON lines. */
  readonly logFile: string;
  /** SIGTERM, and waits for the end. */
  stop(): Promise<void>;
}

/** What `npm start` gives Node. */
export const nodeOptions = ['--disable-sigusr1', '--max-semi-space-size=4'];

/** Starts `src/main.ts` with exactly this environment and waits until it is ready. */
export async function startBot(
  env: Readonly<Record<string, string>>,
  logFile: string,
): Promise<LocalBot> {
  const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
  // Where `npm` has Node keep what it has compiled, the bot need not compile it again.
  const { NODE_COMPILE_CACHE } = process.env;
  const compiled = NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE };
  const stdio = ['ignore', 'pipe', 'pipe'] as const;
  const child = spawn(process.execPath, [...nodeOptions, main], {
    env: { ...compiled, ...env },
    stdio: [...stdio],
  });
  const log = createWriteStream(logFile, { flags: 'a' });
  let said = '';
  const ready = new Promise<void>((resolve, reject) => {
    const take = (chunk: Buffer): void => {
      log.write(chunk);
      said = (said + chunk.toString()).slice(-4000);
      if (said.includes('"msg":"ready"')) resolve();
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.once('exit', (code) => reject(new Error(`The bot ended with ${code}:\n${said}`)));
  });
  await ready;
  return {
    child,
    logFile,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        await once(child, 'exit');
      }
      log.end();
    },
  };
}

/** PATH with the stand-in for sops behind everything that is there: a real sops is used where there is one. */
export function pathWithSops(path = ''): string {
  return [path, fileURLToPath(new URL('bin', import.meta.url))].filter(Boolean).join(delimiter);
}
