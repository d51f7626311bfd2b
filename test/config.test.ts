import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import {
  formatProblem,
  readEnvironment,
  readOperatorEnvironment,
  readPolicy,
} from '../src/config.ts';

// eslint-disable-next-line typescript/no-explicit-any
type Loose = Record<string, any>;

const committed = await readFile('config/promote-image.yml', 'utf8');
const tokens = { SLACK_BOT_TOKEN: 'xoxb-1', SLACK_APP_TOKEN: 'xapp-1' };

function problemsOf(change: (policy: Loose) => void): readonly string[] {
  const policy = parse(committed) as Loose;
  change(policy);
  const parsed = readPolicy(stringify(policy));
  return parsed.ok ? [] : parsed.problems.map(formatProblem);
}

it('takes the committed policy with Mozilla’s four images', () => {
  const parsed = readPolicy(committed);
  if (!parsed.ok) throw new Error(parsed.problems.map(formatProblem).join('\n'));
  const { images, approval } = parsed.value;
  expect(Object.keys(images)).toEqual([
    'image_builder',
    'decision',
    'gecko_decision',
    'build-decision',
  ]);
  expect(Object.entries(images).map(([name, image]) => name === image.name)).not.toContain(false);
  expect(approval).toMatchObject({ required: 1, expires: 24 * 60 * 60 * 1000 });
});

describe('a policy is refused, with path, value and reason', () => {
  const image = (policy: Loose) => policy['images']['build-decision'];
  const cases: Readonly<Record<string, [(policy: Loose) => void, string]>> = {
    'a key that nobody knows': [
      (p) => (p['approval'].selfApproval = true),
      'approval.selfApproval: is not a setting: check its spelling',
    ],
    'nobody who must approve': [
      (p) => (p['approval'].required = 0),
      'approval.required: 0 must be at least 1: somebody besides the requester',
    ],
    'more approvals than approvers': [
      (p) =>
        (p['approval'] = {
          required: 3,
          approvers: { users: ['U00000001', 'U00000002', 'U00000003'] },
          people: [['U00000001', 'U00000002']],
        }),
      'approval.required: 3 people must approve, but there are only 2 approvers',
    ],
    'no approvers': [
      (p) => (p['approval'].approvers = {}),
      'approval.approvers: {} must name users, a group, or both',
    ],
    'an account that is two people’s': [
      (p) =>
        (p['approval'].people = [
          ['U1A', 'U2A'],
          ['U2A', 'U3A'],
        ]),
      'U2A stands in two places: an account is one person’s',
    ],
    'a time without a unit': [
      (p) => (p['approval'].expires = '24'),
      'approval.expires: "24" is not a time such as 30m, 24h or 7d',
    ],
    'a time of months': [
      (p) => (p['approval'].expires = '90d'),
      'approval.expires: "90d" is longer than 30d',
    ],
    'a registry in the clear': [
      (p) => (p['registry'].url = 'http://registry.example'),
      'registry.url: "http://registry.example" must be https: (http: is accepted for loopback only)',
    ],
    'a registry with a login': [
      (p) => (p['registry'].url = 'https://me:pw@registry.example'),
      'registry.url: "https://me:pw@registry.example" must not carry credentials',
    ],
    'an engine that there is not': [
      (p) => (p['registry'].engine = 'podman'),
      'registry.engine: "podman" is not one of registry, docker',
    ],
    'credentials without a password': [
      (p) => delete p['registry'].credentials.password,
      'registry.credentials.password: is missing',
    ],
    'a key that is no ed25519 key': [
      (p) => (p['taskcluster'].chainOfTrustKeys = ['c2hvcnQ=']),
      'taskcluster.chainOfTrustKeys.0: "c2hvcnQ=" is neither the base64 of a raw ed25519 public key (32 bytes) nor { key, until: YYYY-MM-DD }',
    ],
    'no key at all': [
      (p) => (p['taskcluster'].chainOfTrustKeys = []),
      'taskcluster.chainOfTrustKeys: [] ',
    ],
    'a worker pool without its provisioner': [
      (p) => (image(p).build.workerPool = 'images'),
      'images.build-decision.build.workerPool: "images" is not <provisionerId>/<workerType>',
    ],
    'a published name in capitals': [
      (p) => (image(p).publish = 'Mozilla/x'),
      'images.build-decision.publish: "Mozilla/x" is not a repository name',
    ],
    'a tag rule that there is not': [
      (p) => (image(p).tag = { from: 'date' }),
      'images.build-decision.tag.from: "date" is not one of revision, version-file, index-hash',
    ],
    'a path out of the tree': [
      (p) => (image(p).pins[0].files = ['../x']),
      'images.build-decision.pins.0.files.0: "../x" is not a plain path inside the tree',
    ],
    'a tree that git would take for an option': [
      (p) => (image(p).pins[0].git = '--upload-pack=x'),
      'images.build-decision.pins.0.git: "--upload-pack=x" is not a git URL',
    ],
    'a git helper': [
      (p) => (image(p).pins[0].git = 'ext::sh -c id'),
      'images.build-decision.pins.0.git: "ext::sh -c id" is not a git URL',
    ],
    'a git address with a password': [
      (p) => (image(p).pins[0].git = 'https://u:p@host/x'),
      'images.build-decision.pins.0.git: "https://u:p@host/x" is not a git URL: must not carry credentials',
    ],
    'hg without a list of files': [
      (p) => (image(p).pins[0] = { hg: 'https://hg.mozilla.org/x', files: 'auto' }),
      'images.build-decision.pins.0.files: "auto" is not an array',
    ],
    'a message of two lines': [
      (p) => (image(p).message = 'a\nb'),
      'images.build-decision.message: "a\\nb" must be one line of at most 200 characters',
    ],
    'no images': [(p) => (p['images'] = {}), 'images: {} must hold at least one image'],
    'another workspace’s form of id': [
      (p) => (p['slack'].team = 'mozilla'),
      'slack.team: "mozilla" is not a Slack team id (T…)',
    ],
  };
  it.each(Object.entries(cases))('%s', (_, [change, expected]) => {
    const problems = problemsOf(change);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(expected);
  });

  it('all of them at once', () => {
    const all = Object.values(cases).map(([change]) => change);
    const [first, second, , fourth] = all;
    const problems = problemsOf((policy) =>
      [first, second, fourth].forEach((change) => change?.(policy)),
    );
    expect(problems).toHaveLength(3);
  });

  it('text that is no YAML, and a key that stands twice', () => {
    for (const text of ['a: [', 'slack: {}\nslack: {}']) {
      const parsed = readPolicy(text);
      expect(parsed.ok).toBe(false);
      expect(!parsed.ok && parsed.problems[0]?.path).toBe('YAML');
    }
  });
});

it('accepts http: for what is on this machine', () => {
  expect(problemsOf((policy) => (policy['registry'].url = 'http://127.0.0.1:5000'))).toEqual([]);
  expect(problemsOf((policy) => (policy['taskcluster'].rootUrl = 'http://localhost:80'))).toEqual(
    [],
  );
  expect(
    problemsOf((policy) => (policy['taskcluster'].rootUrl = 'http://127.0.0.1.example')),
  ).toHaveLength(1);
});

describe('the environment', () => {
  it('needs tokens for Socket Mode, or a signing secret and a port', () => {
    expect(readEnvironment(tokens).ok).toBe(true);
    const http = { SLACK_BOT_TOKEN: 'xoxb-1', SLACK_SIGNING_SECRET: 's' };
    expect(readEnvironment({ ...http, PORT: '3000' }).ok).toBe(true);
    const problems = [readEnvironment(http), readEnvironment({})].map((parsed) =>
      parsed.ok ? [] : parsed.problems.map(({ path }) => path),
    );
    expect(problems).toEqual([['PORT'], ['SLACK_BOT_TOKEN', 'SLACK_APP_TOKEN', 'PORT']]);
  });

  it('never shows a secret that it refuses', () => {
    const given = {
      SLACK_BOT_TOKEN: 'hunter2-token',
      SLACK_APP_TOKEN: 'hunter2-app',
      DATABASE_URL: 'mysql://u:hunter2@h/x',
    };
    const parsed = readEnvironment(given);
    const text = parsed.ok ? '' : parsed.problems.map(formatProblem).join('\n');
    expect(text).toContain('SLACK_BOT_TOKEN: does not begin with xoxb-');
    expect(text).toContain('DATABASE_URL: is neither sqlite:<file> nor postgres://…');
    expect(text).not.toContain('hunter2');
  });

  it('takes a variable that is set to nothing as not set', () => {
    const parsed = readEnvironment({ ...tokens, PORT: '', LOG_LEVEL: ' ' });
    expect(parsed.ok && parsed.value.LOG_LEVEL).toBe('info');
  });

  it('asks operators for no Slack', () => {
    expect(readOperatorEnvironment({}).ok).toBe(true);
  });

  it('is documented variable by variable', async () => {
    const example = await readFile('.env.example', 'utf8');
    const documented = [...example.matchAll(/^#?([A-Z_]+)=/gm)].map(([, name]) => name);
    const source = await readFile('src/config.ts', 'utf8');
    const known = [...source.matchAll(/^ {2}([A-Z_]+):/gm)].map(([, name]) => name);
    expect(known.length).toBeGreaterThan(8);
    expect(documented).toEqual(expect.arrayContaining(known));
    const sops = ['SOPS_AGE_KEY_FILE', 'GOOGLE_APPLICATION_CREDENTIALS', 'GNUPGHOME'];
    expect(documented.filter((name) => !known.includes(name))).toEqual(sops);
  });
});

it('asks Slack for what the listeners need', async () => {
  const manifest = parse(await readFile('manifest.yml', 'utf8')) as Loose;
  expect(manifest['features'].slash_commands[0].command).toBe('/promote-image');
  expect(manifest['settings']).toMatchObject({
    socket_mode_enabled: true,
    interactivity: { is_enabled: true },
    event_subscriptions: { bot_events: ['app_home_opened'] },
  });
  const { bot } = manifest['oauth_config'].scopes;
  expect(bot).toEqual(
    expect.arrayContaining([
      'commands',
      'chat:write',
      'files:write',
      'users:read',
      'usergroups:read',
    ]),
  );
  expect(manifest['display_information'].name.length).toBeLessThanOrEqual(35);
  expect(manifest['display_information'].description.length).toBeLessThanOrEqual(140);
  expect(manifest['display_information'].long_description.length).toBeGreaterThanOrEqual(174);
});
