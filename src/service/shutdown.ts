import type { Log } from '../bot.ts';

/** How long what is under way may take to park or finish, in milliseconds. */
const grace = 25_000;

/**
 * The first SIGTERM or SIGINT stops taking work, lets `stop` park what is under way and exits 0; whatever is not done
 * within the grace time is left as a kill would leave it, which is safe. A second signal exits at once.
 */
export function stopOnSignals(stop: () => Promise<void>, log: Log): void {
  let isStopping = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (isStopping) process.exit(1);
    isStopping = true;
    log('info', `${signal}: stopping`);
    setTimeout(() => {
      log('warn', 'not everything stopped in time');
      process.exit(0);
    }, grace).unref();
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log('error', 'stopping failed', { error });
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}
