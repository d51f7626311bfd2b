import type { Log } from '../ports.ts';

/** How long what is under way may take to park or finish, in milliseconds. */
const grace = 25_000;

/** What there is to be stopped, once there is something. */
export interface Stoppable {
  readonly stop: () => Promise<void>;
  readonly log: Log;
}

/**
 * The first SIGTERM or SIGINT stops taking work, lets `stop` park what is under way and exits 0; whatever is not done
 * within the grace time is left as a kill would leave it, which is safe. A second signal exits at once, and so does
 * the first while nothing has been begun. Returns how to say what is to be stopped.
 */
export function stopOnSignals(): (stoppable: Stoppable) => void {
  let stoppable: Stoppable | undefined;
  let isStopping = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (isStopping) process.exit(1);
    isStopping = true;
    if (!stoppable) process.exit(0);
    const { stop, log } = stoppable;
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
  return (given) => {
    stoppable = given;
  };
}
