import { parseDocument } from 'yaml';
import { z } from 'zod';
import { policySchema, type Policy } from './policy.ts';
import { serviceUrl } from './urls.ts';
import { Secret } from './secret.ts';

/** One thing that is wrong with the configuration: where it stands, what stands there, why it will not do. */
export interface Problem {
  /** `images.build-decision.tag.from`, or the name of an environment variable. */
  readonly path: string;
  /** What was found, cut short; left out where it may be a secret. */
  readonly value: string | undefined;
  readonly reason: string;
}

export type Parsed<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly problems: readonly Problem[] };

const secret = z.string().transform((value) => new Secret(value));
const token = (prefix: string) =>
  z
    .string()
    .regex(new RegExp(`^${prefix}-`), `does not begin with ${prefix}-`)
    .regex(/^[!-~]+$/, 'holds a blank or another character that no token has')
    .transform((value) => new Secret(value));

const environmentSchema = z.object({
  SLACK_BOT_TOKEN: token('xoxb'),
  SLACK_APP_TOKEN: token('xapp').optional(),
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
  HOST: z.string().default('127.0.0.1'),
  DOCKER_HOST: z
    .string()
    .regex(/^(unix:\/\/\/|tcp:\/\/|https?:\/\/|ssh:\/\/)./, 'is not unix:///…, tcp://… or ssh://…')
    .optional(),
  GITHUB_TOKEN: secret.optional(),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  PROMOTE_IMAGE_CONFIG: z.string().default('config/promote-image.yml'),
});

/** Deployment values and secrets. What only sops needs is not here: it is handed to sops and to nothing else. */
export type Environment = z.infer<typeof environmentSchema>;

/** The environment as the bot needs it, or every problem at once. A variable set to nothing counts as not set. */
export function readEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Parsed<Environment> {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value?.trim()));
  const parsed = environmentSchema.safeParse(given);
  const problems = [...problemsIn(parsed, given), ...transportProblems(given)];
  if (parsed.success && problems.length === 0) return { ok: true, value: parsed.data };
  return { ok: false, problems: problems.map(withoutSecret) };
}

function withoutSecret(problem: Problem): Problem {
  const mayBeSecret = /TOKEN|SECRET|DATABASE_URL/.test(problem.path);
  return mayBeSecret ? { ...problem, value: undefined } : problem;
}

/** What the way to Slack needs: told together with whatever else is wrong. */
function transportProblems(
  given: Readonly<Record<string, string | undefined>>,
): readonly Problem[] {
  if (given['SLACK_APP_TOKEN']) return [];
  const problem = (path: string, reason: string): Problem => ({ path, value: undefined, reason });
  const secret = given['SLACK_SIGNING_SECRET']
    ? []
    : [
        problem(
          'SLACK_APP_TOKEN',
          'is missing (Socket Mode), and so is SLACK_SIGNING_SECRET (HTTP)',
        ),
      ];
  const port = given['PORT'] ? [] : [problem('PORT', 'is missing: Slack’s HTTP requests need one')];
  return [...secret, ...port];
}

/**
 * What operators’ verbs need: where the policy file is, the database and the engines’ values, but no Slack.
 * A missing token is no problem for them.
 */
export function readOperatorEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Parsed<Environment> {
  const without = { SLACK_BOT_TOKEN: 'xoxb-none', SLACK_APP_TOKEN: 'xapp-none' };
  return readEnvironment({ ...env, ...without });
}

/** The policy file's text as {@link Policy}, or every problem at once with path, value and reason. */
export function readPolicy(yaml: string): Parsed<Policy> {
  const document = parseDocument(yaml, { prettyErrors: true, uniqueKeys: true });
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ message }) => ({
      path: 'YAML',
      value: undefined,
      reason: message.split('\n')[0]?.replace(/:$/, '') ?? 'cannot be read',
    }));
    return { ok: false, problems };
  }
  const data: unknown = document.toJS({ maxAliasCount: 50 });
  const parsed = policySchema.safeParse(data);
  if (!parsed.success) return { ok: false, problems: problemsIn(parsed, data) };
  const images = Object.fromEntries(
    Object.entries(parsed.data.images).map(([name, image]) => [name, { ...image, name }]),
  );
  return { ok: true, value: { ...parsed.data, images } };
}

/** `path: value reason`, one line. */
export function formatProblem({ path, value, reason }: Problem): string {
  return value === undefined ? `${path}: ${reason}` : `${path}: ${value} ${reason}`;
}

function problemsIn(parsed: z.ZodSafeParseResult<unknown>, data: unknown): readonly Problem[] {
  return parsed.success ? [] : parsed.error.issues.flatMap((issue) => toProblems(issue, data));
}

function toProblems(issue: z.core.$ZodIssue, data: unknown): readonly Problem[] {
  const path = issue.path.map(String).join('.') || 'the file';
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: issue.path.length > 0 ? `${path}.${key}` : key,
      value: undefined,
      reason: 'is not a setting: check its spelling',
    }));
  }
  const found = valueAt(data, issue.path);
  const isMissing = found === undefined && issue.code !== 'custom';
  return [{ path, value: shown(found), reason: isMissing ? 'is missing' : reasonOf(issue) }];
}

/** What stands at a path of the data as it was given, before any conversion. */
function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null
        ? (value as Record<PropertyKey, unknown>)[key]
        : undefined,
    data,
  );
}

function reasonOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_value') return `is not one of ${issue.values.map(String).join(', ')}`;
  // The schema's own words tell more than that a type is wrong.
  if (issue.code === 'invalid_type' && issue.message.startsWith('Invalid input'))
    return `is not ${article(issue.expected)}`;
  if (issue.code === 'too_small' && issue.origin === 'array')
    return `must hold at least ${issue.minimum}`;
  if (issue.code === 'invalid_key') return issue.issues[0]?.message ?? issue.message;
  if (issue.code === 'invalid_union' && issue.discriminator)
    return 'is not one of revision, version-file, index-hash';
  return issue.message;
}

function article(expected: string): string {
  return expected === 'int'
    ? 'a whole number'
    : /^[aeiou]/.test(expected)
      ? `an ${expected}`
      : `a ${expected}`;
}

function shown(input: unknown): string | undefined {
  const json = JSON.stringify(input) as string | undefined;
  const safe = json && withoutCredentials(json);
  return safe && safe.length > 80 ? `${safe.slice(0, 77)}…` : safe;
}

/** A wrong value may be a secret in the wrong place: nothing of a URL that may be one, nothing that looks like a token. */
function withoutCredentials(text: string): string {
  return text
    .replaceAll(/:\/\/.*@/g, '://[secret]@')
    .replaceAll(/([?&;#][^\s"=&;]*=)[^\s"&;]*/g, '$1[secret]')
    .replaceAll(
      /(?:xox[a-z]|xapp|gh[a-z]_|github_pat_|dckr_|glpat|AGE-SECRET-KEY)[\w-]*/gi,
      '[secret]',
    );
}
