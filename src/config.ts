import { z } from 'zod';
import { serviceUrl, type Policy } from './policy.ts';
import { Secret } from './secret.ts';

/** Everything the bot is told, checked once. Policy comes from one YAML file, deployment and secrets from the environment. */
export interface Config {
  readonly policy: Policy;
  readonly environment: Environment;
}

/** One thing that is wrong with the configuration: where, what stands there, why it will not do. */
export interface Problem {
  /** `images.build-decision.tag.from`, or the name of an environment variable. */
  readonly path: string;
  /** What was found, cut short; never that of a secret. */
  readonly value: string | undefined;
  readonly reason: string;
}

const text = z.string().trim().min(1, 'must not be empty');
const secret = z
  .string()
  .min(1)
  .transform((value) => new Secret(value));
const botToken = z
  .string()
  .regex(/^xoxb-./, 'is not a bot token (xoxb-…)')
  .transform((value) => new Secret(value));
const appToken = z
  .string()
  .regex(/^xapp-./, 'is not an app-level token (xapp-…)')
  .transform((value) => new Secret(value));

const environment = z
  .object({
    SLACK_BOT_TOKEN: botToken,
    SLACK_APP_TOKEN: appToken.optional(),
    SLACK_SIGNING_SECRET: secret.optional(),
    SLACK_API_URL: serviceUrl.default('https://slack.com/api/'),
    DATABASE_URL: z
      .string()
      .regex(/^(sqlite:.+|postgres(ql)?:\/\/.+)$/, 'is neither sqlite:<file> nor postgres://…')
      .transform((value) => new Secret(value))
      .prefault('sqlite:data/promote-image.sqlite'),
    PORT: z
      .string()
      .regex(/^\d{1,5}$/, 'is not a port')
      .transform(Number)
      .refine((port) => port < 65_536, 'is not a port')
      .optional(),
    DOCKER_HOST: z
      .string()
      .regex(
        /^(unix:\/\/\/.+|tcp:\/\/.+|https?:\/\/.+|ssh:\/\/.+)$/,
        'is not unix:///…, tcp://… or ssh://…',
      )
      .optional(),
    GITHUB_TOKEN: secret.optional(),
    LOG_LEVEL: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
      .default('info'),
    PROMOTE_IMAGE_CONFIG: text.default('config/promote-image.yml'),
  })
  .refine((given) => given.SLACK_APP_TOKEN ?? given.SLACK_SIGNING_SECRET, {
    path: ['SLACK_APP_TOKEN'],
    message: 'is missing (Socket Mode), and so is SLACK_SIGNING_SECRET (HTTP)',
  })
  .refine((given) => given.SLACK_APP_TOKEN ?? given.PORT, {
    path: ['PORT'],
    message: 'is missing: Slack’s HTTP requests need one',
  });

export type Environment = z.infer<typeof environment>;
