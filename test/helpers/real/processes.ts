import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Looks into argv and environment of every process every few milliseconds, for texts that belong in neither. `stop`
 * gives where they were found. This process and its own helpers that log in by command line are not looked at.
 */
export async function watchProcesses(
  texts: readonly string[],
  ignore: readonly string[] = ['skopeo'],
): Promise<{ stop(): Promise<readonly string[]> }> {
  const found = new Set<string>();
  let isWatching = true;
  const watching = (async () => {
    while (isWatching) {
      for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
        const [argv, environ] = await Promise.all([
          read(`/proc/${pid}/cmdline`),
          read(`/proc/${pid}/environ`),
        ]);
        if (ignore.some((name) => argv.startsWith(name))) continue;
        if (texts.some((text) => argv.includes(text))) found.add(`argv of ${argv.slice(0, 60)}`);
        if (texts.some((text) => environ.includes(text)))
          found.add(`environment of ${argv.slice(0, 60)}`);
      }
      await sleep(5);
    }
  })();
  return {
    async stop() {
      isWatching = false;
      await watching;
      return [...found];
    },
  };
}

function read(path: string): Promise<string> {
  return readFile(path, 'latin1').catch(() => '');
}
