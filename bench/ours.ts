import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeOptions } from '../local/bot.ts';
import type { KnownLayer } from '../src/ports.ts';
import { account, cleanEnv, type Contender } from './contender.ts';

/** Which of our engines, and what compresses in it. `auto` is what the engine takes by itself. */
export interface OurVariant {
  readonly name: string;
  readonly engine: 'registry' | 'docker';
  readonly compressor: 'zlib' | 'auto';
}

/** What the push process prints when it is done. */
export interface OurOutput {
  /** Seconds from the engine's call to its answer: what the bot takes, which has long been started. */
  readonly seconds: number;
  /** How often the artifact was opened. */
  readonly opened: number;
  /** Bytes that it gave to a disk. */
  readonly written: number;
  /** Layers that it knows from now on. */
  readonly learned: readonly KnownLayer[];
  readonly answer:
    | {
        readonly digest: string;
        readonly size: number;
        readonly sent: number;
        readonly compressor: string;
      }
    | { readonly reason: string };
}

const { NODE_COMPILE_CACHE } = process.env;
/**
 * As `npm start` starts the bot, with a cache of its own: V8 takes no code of a process with other options, and each
 * would replace the other’s.
 */
const started = {
  MALLOC_ARENA_MAX: '2',
  ...(NODE_COMPILE_CACHE === undefined
    ? {}
    : { NODE_COMPILE_CACHE: join(NODE_COMPILE_CACHE, 'push') }),
};

/** Pushes in a fresh process, which does what the bot does after an approval. */
export function ours({ name, engine, compressor }: OurVariant): Contender {
  return {
    name,
    usesDocker: engine === 'docker',
    command: (task) => {
      const { archive, rootUrl, registry, target, password, dockerHost, ledger } = task;
      return {
        file: process.execPath,
        args: [...nodeOptions, fileURLToPath(new URL('push.ts', import.meta.url))],
        env: { ...cleanEnv(task), ...started },
        folder: task.folder,
        input: JSON.stringify({
          engine,
          compressor,
          archive,
          rootUrl,
          registryUrl: `http://${registry}`,
          target,
          username: account.username,
          password,
          dockerHost,
          ledger,
        }),
        doneAt: 'first line',
      };
    },
  };
}
