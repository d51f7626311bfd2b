import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { fail } from '../domain/errors.ts';

/** A process that was killed takes a moment to let go. */
const patience = 1_000;

/**
 * Takes `<file>.lock`, or throws `database-in-use`. SQLite itself locks it, with a lock of the operating system:
 * that goes away with its process, however the process ends, so there is never a stale one to clean up.
 * It is another file than the database because who only reads must not be kept out. Returns how to let go.
 */
export function lockAgainstOthers(file: string): () => void {
  makeFile(`${file}.lock`);
  const lock = new DatabaseSync(`${file}.lock`, { timeout: patience });
  try {
    lock.exec('begin exclusive');
  } catch (error) {
    lock.close();
    fail('database-in-use', { database: file }, error);
  }
  return () => {
    if (lock.isOpen) lock.close();
  };
}

/**
 * Makes an empty file that nobody else may read, where there is none. One that is there is not even opened: closing
 * it again would take from this process every lock that it has on it.
 * @see https://www.sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_
 */
export function makeFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}
