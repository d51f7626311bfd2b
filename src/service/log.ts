import { LogLevel, type Logger as SlackLogger } from '@slack/bolt';
import { pino, type Logger } from 'pino';
import type { Log } from '../ports.ts';
import { PromotionError } from '../domain/errors.ts';
import { PassingSecrets } from './redaction.ts';

export interface Logging {
  readonly log: Log;
  /** For Bolt and its clients. */
  readonly slackLogger: SlackLogger;
  /** Texts that no line may hold, in any of the forms in which they travel. */
  readonly secrets: PassingSecrets;
}

/** JSON lines to `write`. Every line passes a sink that takes out the known secrets, wherever in it they stand. */
export function createLogging(
  level: string,
  write: (line: string) => void = (line) => void process.stdout.write(line),
): Logging {
  const secrets = new PassingSecrets();
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { error: serializeError },
    },
    { write: (line: string) => write(secrets.removeFrom(line)) },
  );
  return {
    log: (at, message, facts = {}) => logger[at](facts, message),
    slackLogger: slackLogger(logger),
    secrets,
  };
}

/** An error without the properties that clients hang on it (requests, headers, outputs): those carry secrets. */
function serializeError(error: unknown): object {
  if (!(error instanceof Error)) return { message: 'not an Error' };
  const { name, message, stack, cause } = error;
  const reason = error instanceof PromotionError ? error.reason : undefined;
  return {
    name,
    reason,
    message,
    stack,
    cause: cause === undefined ? undefined : serializeError(cause),
  };
}

/** Bolt’s debug lines hold whole request bodies, so its loudest line here is a warning. */
function slackLogger(logger: Logger): SlackLogger {
  const child = logger.child({ from: 'slack' });
  const line = (parts: unknown[]): string =>
    parts.map((part) => (part instanceof Error ? part.message : String(part))).join(' ');
  return {
    debug: () => undefined,
    info: (...parts) => child.debug(line(parts)),
    warn: (...parts) => child.warn(line(parts)),
    error: (...parts) => child.error(line(parts)),
    setLevel: () => undefined,
    getLevel: () => LogLevel.INFO,
    setName: () => undefined,
  };
}
