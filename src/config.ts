import { parseDocument } from 'yaml';
import { z } from 'zod';
import { addressProblem } from './store/database-url.ts';
import { readDockerHost } from './docker/host.ts';
import { policySchema, type Policy } from './domain/policy.ts';
import { serviceUrl } from './domain/urls.ts';
import { Secret } from './domain/secret.ts';
import { missingCredentials, taskclusterVariables } from './taskcluster/variables.ts';

/** One thing that is wrong with the configuration: where it stands, what stands there, why it will not do. */
export interface Problem {
  /** `images.build-decision.tag.from`, or the name of an environment variable. */
  readonly path: string;
  /** What was found, cut short; left out where it may be a secret. */
  readonly value: string | undefined;
  readonly reason: string;
}

/** An environment, or a part of one. */
export type Variables = Readonly<Record<string, string | undefined>>;

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

const port = z
  .string()
  .regex(/^\d{1,5}$/, 'is not a port')
  .transform(Number)
  .refine((number) => number < 65_536, 'is not a port');

const environmentSchema = z.object({
  SLACK_BOT_TOKEN: token('xoxb'),
  SLACK_APP_TOKEN: token('xapp').optional(),
  SLACK_SIGNING_SECRET: secret.optional(),
  SLACK_API_URL: serviceUrl.default('https://slack.com/api/'),
  DATABASE_URL: z
    .string()
    .regex(/^(sqlite:.+|postgres(ql)?:\/\/.+)$/, 'is neither sqlite:<file> nor postgres://…')
    .superRefine((url, context) => {
      const message = url.startsWith('sqlite:') ? undefined : addressProblem(url);
      if (message) context.addIssue({ code: 'custom', message });
    })
    .transform((value) => new Secret(value))
    .prefault('sqlite:data/promote-image.sqlite'),
  AUDIT_KEY: secret.optional(),
  PORT: port.optional(),
  OPS_PORT: port.optional(),
  HOST: z.string().default('127.0.0.1'),
  DOCKER_HOST: z.string().optional(),
  DOCKER_TLS_VERIFY: z.string().optional(),
  DOCKER_CERT_PATH: z.string().optional(),
  GITHUB_TOKEN: secret.optional(),
  ...taskclusterVariables,
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  PROMOTE_IMAGE_CONFIG: z.string().default('config/promote-image.yml'),
});

/** Deployment values and secrets. What only sops needs is not here: it is handed to sops and to nothing else. */
export type Environment = z.infer<typeof environmentSchema>;

/** The environment as the bot needs it, or every problem at once. A variable set to nothing counts as not set. */
export function readEnvironment(env: Variables): Parsed<Environment> {
  return readValues(env, keyProblems);
}

function readValues(
  env: Variables,
  problemsOf: (given: Variables) => readonly Problem[],
): Parsed<Environment> {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => !isBlank(value)));
  const parsed = environmentSchema.safeParse(given);
  const problems = [
    ...problemsIn(parsed, given),
    ...transportProblems(given),
    ...engineProblems(given),
    ...missingCredentials(given).map(([name, reason]) => problemWith(name, undefined, reason)),
    ...problemsOf(given),
  ];
  if (parsed.success && problems.length === 0) return { ok: true, value: parsed.data };
  return { ok: false, problems: problems.map(withoutSecret) };
}

/** A variable that is set to nothing is not set. */
export function isBlank(value: string | undefined): boolean {
  return !value?.trim();
}

/** A problem as it is shown: of what was found nothing that looks like a secret. */
export function problemWith(path: string, found: string | undefined, reason: string): Problem {
  return { path, value: found === undefined ? undefined : withoutCredentials(found), reason };
}

function withoutSecret(problem: Problem): Problem {
  const mayBeSecret = /TOKEN|SECRET|KEY|CERTIFICATE|DATABASE_URL/.test(problem.path);
  return mayBeSecret ? { ...problem, value: undefined } : problem;
}

function engineProblems(given: Variables): readonly Problem[] {
  const found = readDockerHost(given);
  if (found.kind !== 'refused') return [];
  return [problemWith('DOCKER_HOST', given['DOCKER_HOST'], found.problem)];
}

/** What the way to Slack needs: told together with whatever else is wrong. */
function transportProblems(given: Variables): readonly Problem[] {
  const { SLACK_APP_TOKEN: app, SLACK_SIGNING_SECRET: secret, PORT: main, OPS_PORT: ops } = given;
  const problem = (path: string, reason: string) => problemWith(path, undefined, reason);
  if (app) return [];
  const both = 'is missing (Socket Mode), and so is SLACK_SIGNING_SECRET (HTTP)';
  return [
    ...(secret ? [] : [problem('SLACK_APP_TOKEN', both)]),
    ...(main ? [] : [problem('PORT', 'is missing: Slack’s HTTP requests need one')]),
    ...(ops && Number(ops) === Number(main)
      ? [
          problem(
            'OPS_PORT',
            'is PORT: health and metrics are not for whoever reaches Slack’s port',
          ),
        ]
      : []),
  ];
}

/** Replicas sign one log with one key; only a database in a file has a place beside it to keep one in. */
function keyProblems(given: Variables): readonly Problem[] {
  if (given['AUDIT_KEY'] || !given['DATABASE_URL']?.startsWith('postgres')) return [];
  const reason =
    'is missing, and PostgreSQL needs one: make it with `openssl rand -base64 32`, and keep it';
  return [problemWith('AUDIT_KEY', undefined, reason)];
}

/**
 * What operators’ verbs need: where the policy file is, the database and the engines’ values, but no Slack.
 * A missing token or key is no problem for them.
 */
export function readOperatorEnvironment(env: Variables): Parsed<Environment> {
  const isGiven = (name: string) => [name, `${name}_FILE`].some((one) => !isBlank(env[one]));
  const transport = isGiven('SLACK_APP_TOKEN')
    ? { SLACK_APP_TOKEN: 'xapp-none' }
    : isGiven('SLACK_SIGNING_SECRET')
      ? { SLACK_SIGNING_SECRET: 'none' }
      : { SLACK_APP_TOKEN: 'xapp-none' };
  return readValues({ ...env, SLACK_BOT_TOKEN: 'xoxb-none', ...transport }, () => []);
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
  if (issue.code === 'invalid_union' && 'options' in issue && issue.options)
    return `is not one of ${issue.options.map(String).join(', ')}`;
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
