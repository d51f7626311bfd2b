import { z } from 'zod';
import { allowedKeys } from './allowed-keys.ts';
import { branch, buildPolicy, slug } from './build-policy.ts';
import { tellPeople } from './person.ts';
import { placeholders } from './commit-message.ts';
import { RepositoryName } from './reference.ts';
import type { Image, PinSource } from './image.ts';
import { bytes, duration, gibibyte, limitsSchema } from './limits.ts';
import { registryUrl, repositoryProblem } from './registry-address.ts';
import { gitUrl, serviceUrl } from './urls.ts';

const text = z.string().trim().min(1, 'must not be empty');

const userId = z.string().regex(/^[UW][A-Z0-9]{1,20}$/, 'is not a Slack user id (U…)');

const relativePath = z
  .string()
  .regex(
    /^(?![-/])(?!.*(?:^|\/)\.\.?(?:\/|$))[^\0-\x1f\x7f\\]+$/,
    'is not a plain path inside the tree',
  )
  .max(512);

const oneLine = z.string().regex(/^[^\n\r]{1,200}$/, 'must be one line of at most 200 characters');

/** A commit's first line. What it may name of the image is told by {@link placeholders}; another brace is a mistake. */
const commitMessage = oneLine.superRefine((line, context) => {
  const rest = Object.keys(placeholders).reduce(
    (text, name) => text.replaceAll(`{${name}}`, ''),
    line,
  );
  const [stray] = /\{[^{}]*\}?|\}/.exec(rest) ?? [];
  if (stray === undefined) return;
  const known = Object.keys(placeholders).map((name) => `{${name}}`);
  context.addIssue({
    code: 'custom',
    message: `names ${stray}, and what it may name is ${known.join(', ')}`,
  });
});

/** A hook by its whole name: `<group>/<hook>`, where the hook's own name may hold more `/`. */
const hookName = z
  .string()
  .regex(
    /^[\w-]{1,100}\/[\w-]{1,100}(?:\/[\w-]{1,100}){0,5}$/,
    'is not the whole name of a hook (<group>/<hook>)',
  );

/** How commits of a tree are written, where that is not the image's way. */
const convention = {
  message: commitMessage.optional(),
  reviewers: z
    .array(z.string().regex(/^#?[\w.-]{1,64}!?$/, 'is not a reviewer as r= names them'))
    .min(1)
    .optional(),
};

const gitSource = z.strictObject({
  ...convention,
  git: gitUrl,
  branch: branch.default('main'),
  files: z.union([z.literal('auto'), z.array(relativePath).min(1)]).default('auto'),
});

const hgSource = z.strictObject({
  ...convention,
  hg: serviceUrl,
  branch: branch.default('default'),
  files: z.array(relativePath, 'must be a list of paths: hg is read file by file').min(1),
});

/** Told apart by their key, so that a problem is reported for the kind that was meant. */
const pinSource = z.unknown().transform((value, context): PinSource => {
  const isHg = typeof value === 'object' && value !== null && 'hg' in value;
  const parsed = (isHg ? hgSource : gitSource).safeParse(value);
  if (parsed.success) return parsed.data;
  context.issues.push(...(parsed.error.issues as z.core.$ZodRawIssue[]));
  return z.NEVER;
});

const tagRule = z.discriminatedUnion('from', [
  z.strictObject({ from: z.literal('revision') }),
  z.strictObject({ from: z.literal('version-file'), path: relativePath }),
  z.strictObject({
    from: z.literal('index-hash'),
    prefix: z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/, 'is not the beginning of a tag'),
  }),
]);

const image = z.strictObject({
  build: buildPolicy,
  publish: RepositoryName.superRefine((name, context) => {
    const message = repositoryProblem(name);
    if (message) context.addIssue({ code: 'custom', message });
  }),
  formerly: z.array(RepositoryName).default([]),
  tag: tagRule,
  pins: z.array(pinSource).default([]),
  message: commitMessage,
  repin: z
    .strictObject({
      /** By digest: what runs is what was reviewed with this file. */
      image: z
        .string()
        .regex(
          /^[^\s@]{1,255}@sha256:[0-9a-f]{64}$/,
          'is not an image by its digest (name:tag@sha256:<64 hex digits>)',
        ),
      command: z.array(z.string()).min(1),
      source: pinSource,
      workdir: z.union([z.literal('.'), relativePath]).default('.'),
      /** What of its changes goes into the patch; everything below `workdir` unless given. */
      paths: z.array(relativePath).min(1).optional(),
      network: z.boolean().default(false),
      limits: z
        .strictObject({
          memory: bytes.default(2 * gibibyte),
          disk: bytes.default(2 * gibibyte),
          processors: z.number().min(0.1).max(64).default(2),
          processes: z.int().min(1).max(10_000).default(512),
          time: duration.default(15 * 60_000),
        })
        .prefault({}),
    })
    .optional(),
  tryIn: hookName.optional(),
  check: z
    .literal('only', 'is not `only`: leave it out for an image that is promoted here')
    .optional(),
});

/** base64 of the raw 32 bytes of an ed25519 public key. */
const ed25519Key = z
  .string()
  .regex(/^[A-Za-z0-9+/]{43}=$/, 'is not the base64 of a raw ed25519 public key (32 bytes)');

export const policySchema = z.strictObject({
  slack: z.strictObject({
    team: z.string().regex(/^T[A-Z0-9]{1,20}$/, 'is not a Slack team id (T…)'),
    channel: z.string().regex(/^[CG][A-Z0-9]{1,20}$/, 'is not a Slack channel id (C…)'),
  }),
  approval: z
    .strictObject({
      required: z
        .int()
        .min(1, 'must be at least 1: somebody besides the requester')
        .max(10)
        .default(1),
      expires: duration.default(24 * 60 * 60 * 1000),
      /** For how long after that a push that has begun may go on. */
      finish: duration.default(60 * 60 * 1000),
      approvers: z
        .strictObject({
          users: z.array(userId).min(1).optional(),
          group: z
            .string()
            .regex(/^S[A-Z0-9]{1,20}$/, 'is not a Slack user group id (S…)')
            .optional(),
        })
        .refine((given) => given.users ?? given.group, 'must name users, a group, or both'),
      people: z.array(z.array(userId).min(2)).default([]),
    })
    .superRefine(checkPeople),
  taskcluster: z.strictObject({
    rootUrl: serviceUrl.transform((url) => url.replace(/\/+$/, '')),
    chainOfTrustKeys: z
      .array(
        z.union(
          [
            ed25519Key.transform((key) => ({ key, until: undefined })),
            z.strictObject({ key: ed25519Key, until: z.iso.date() }),
          ],
          'is neither the base64 of a raw ed25519 public key (32 bytes) nor { key, until: YYYY-MM-DD }',
        ),
      )
      .min(1),
    allowedKeys: allowedKeys.optional(),
    /** Of older configurations. */
    verifyDecisionTask: z
      .never(
        'is gone: the decision task is always asked now. Where builds have none, say `decision: none` in the image’s build',
      )
      .optional(),
  }),
  registry: z
    .strictObject({
      url: registryUrl.transform((url) => url.replace(/\/+$/, '')),
      /** Where the registry’s tokens are fetched, where that is neither its own host nor Docker Hub’s. */
      tokenService: serviceUrl.optional(),
      engine: z.enum(['registry', 'docker']).default('registry'),
      /** Of the `registry` engine: the same bytes give the same digest, or as few bytes as there is time for. */
      compression: z.enum(['reproducible', 'adaptive']).default('reproducible'),
      credentials: z.strictObject({
        file: text.regex(
          /\.(?:ya?ml|json)$/,
          'is no sops file: its name must end in .yml, .yaml or .json',
        ),
        username: text,
        password: text,
      }),
    })
    .refine(({ engine, compression }) => engine === 'registry' || compression !== 'adaptive', {
      path: ['compression'],
      error: 'adaptive is for the registry engine: a docker engine compresses in its own way',
    }),
  limits: limitsSchema,
  images: z
    .record(slug, image)
    .refine((images) => Object.keys(images).length > 0, 'must hold at least one image'),
});

type ParsedPolicy = z.infer<typeof policySchema>;

/** The YAML file: who may, what is trusted, where it goes. Paths are absolute, times in milliseconds. */
export type Policy = Omit<ParsedPolicy, 'images'> & {
  readonly images: Readonly<Record<string, Image>>;
};

function checkPeople(
  approval: {
    required: number;
    approvers: { users?: string[] | undefined; group?: string | undefined };
    people: string[][];
  },
  context: z.core.$RefinementCtx,
): void {
  const { users, group } = approval.approvers;
  if (!users || group) return;
  const persons = new Set(users.map(tellPeople({ accounts: [], aliases: approval.people })));
  if (persons.size < approval.required) {
    context.addIssue({
      code: 'custom',
      path: ['required'],
      message: `people must approve, but there are only ${persons.size} approvers`,
    });
  }
}
