import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import {
  formatProblem,
  readEnvironment,
  readOperatorEnvironment,
  readPolicy,
} from '../src/config.ts';

const committed = readFileSync(new URL('../config/promote-image.yml', import.meta.url), 'utf8');

/** Lines of problems of the committed policy with one thing changed. */
function problems(change: (policy: any) => void): readonly string[] {
  const policy = parse(committed);
  change(policy);
  const read = readPolicy(stringify(policy));
  return read.ok ? [] : read.problems.map(formatProblem);
}

describe('the committed policy', () => {
  it('is sound and holds the four images', () => {
    const read = readPolicy(committed);
    if (!read.ok) throw new Error(read.problems.map(formatProblem).join('\n'));
    expect(Object.keys(read.value.images).toSorted()).toEqual([
      'build-decision',
      'decision',
      'gecko_decision',
      'image_builder',
    ]);
    expect(read.value.approval.expires).toBe(24 * 60 * 60 * 1000);
    expect(read.value.images['decision']?.name).toBe('decision');
  });
});

describe('a policy is refused, with path, value and reason, where', () => {
  const broken: Readonly<Record<string, readonly [(policy: any) => void, RegExp]>> = {
    'an image has a name that no line could say': [
      (p) => (p.images['a b'] = p.images.decision),
      /^images\.a b: \{.* is not a plain name$/,
    ],
    'a key is no setting': [
      (p) => (p.approval.selfApproval = true),
      /^approval\.selfApproval: is not a setting/,
    ],
    'a section is missing': [(p) => delete p.approval, /^approval: is missing/],
    'nobody need agree': [
      (p) => (p.approval.required = 0),
      /^approval\.required: 0 must be at least 1/,
    ],
    'half a person must agree': [
      (p) => (p.approval.required = 1.5),
      /^approval\.required: 1\.5 is not a whole number/,
    ],
    'nobody may approve': [
      (p) => (p.approval.approvers = {}),
      /^approval\.approvers: .*must name users, a group, or both/,
    ],
    'the list of approvers is empty': [
      (p) => (p.approval.approvers = { users: [] }),
      /^approval\.approvers\.users: .*must hold at least 1/,
    ],
    'an approver is a name': [
      (p) => (p.approval.approvers.users = ['bob']),
      /"bob" is not a Slack user id/,
    ],
    'more must agree than there are': [
      (p) =>
        Object.assign(p.approval, {
          required: 2,
          approvers: { users: ['U00000001', 'U00000002'] },
          people: [['U00000001', 'U00000002']],
        }),
      /^approval\.required: 2 .*there are only 1 approvers/,
    ],
    'an account is two people’s': [
      (p) =>
        (p.approval.people = [
          ['U1AA', 'U2AA'],
          ['U2AA', 'U3AA'],
        ]),
      /U2AA stands in two places/,
    ],
    'an approval never ends': [
      (p) => (p.approval.expires = '400d'),
      /^approval\.expires: "400d"|is longer than 30d/,
    ],
    'an approval ends some time': [
      (p) => (p.approval.expires = 'soon'),
      /"soon" is not a time such as/,
    ],
    'the team is a name': [(p) => (p.slack.team = 'mozilla'), /"mozilla" is not a Slack team id/],
    'the registry is not encrypted': [
      (p) => (p.registry.url = 'http://registry.example.org'),
      /must be https: \(http: is accepted for loopback only\)/,
    ],
    'the registry’s address has a password': [
      (p) => (p.registry.url = 'https://a:b@registry.example.org'),
      /must not carry credentials/,
    ],
    'the engine is unknown': [
      (p) => (p.registry.engine = 'podman'),
      /"podman" is not one of registry, docker/,
    ],
    'Taskcluster is a file': [
      (p) => (p.taskcluster.rootUrl = 'file:///etc'),
      /must be an https: URL/,
    ],
    'nobody signs': [
      (p) => (p.taskcluster.chainOfTrustKeys = []),
      /^taskcluster\.chainOfTrustKeys/,
    ],
    'a key is too short': [
      (p) => (p.taskcluster.chainOfTrustKeys = ['abc']),
      /is neither the base64 of a raw ed25519 public key/,
    ],
    'there is no image': [(p) => (p.images = {}), /^images: .*must hold at least one image/],
    'a tag rule is unknown': [
      (p) => (p.images.decision.tag = { from: 'moon' }),
      /^images\.decision\.tag.*is not one of revision, version-file, index-hash/,
    ],
    'a path leaves the tree': [
      (p) => (p.images.image_builder.tag.path = '../VERSION'),
      /is not a plain path inside the tree/,
    ],
    'a path is an option': [
      (p) => (p.images.image_builder.tag.path = '--exec=x'),
      /is not a plain path inside the tree/,
    ],
    'a branch is an option': [
      (p) => (p.images.decision.pins[0].branch = '-x'),
      /"-x" is not a branch name/,
    ],
    'git would run a helper': [
      (p) => (p.images.decision.pins[0].git = 'ext::sh -c x'),
      /is not a git URL/,
    ],
    'hg is to guess its files': [
      (p) => (p.images.gecko_decision.pins[0].files = 'auto'),
      /must be a list of paths: hg is read file by file/,
    ],
    'a commit message has two lines': [
      (p) => (p.images.decision.message = 'a\nb'),
      /must be one line/,
    ],
    'a published name has a host': [
      (p) => (p.images.decision.publish = 'docker.io:443/x'),
      /is not a repository name/,
    ],
    'a worker pool is half': [
      (p) => (p.images.decision.build.workerPool = 'gecko-3'),
      /is not <provisionerId>\/<workerType>/,
    ],
  };
  it.each(Object.entries(broken))('%s', (_, [change, reason]) => {
    expect(problems(change).filter((line) => reason.test(line))).toHaveLength(1);
  });

  it('it is no YAML, or says something twice', () => {
    expect(readPolicy('a: [')).toMatchObject({ ok: false, problems: [{ path: 'YAML' }] });
    expect(readPolicy(`${committed}\nslack: {}`)).toMatchObject({
      ok: false,
      problems: [{ path: 'YAML', reason: expect.stringMatching(/unique/) }],
    });
    expect(readPolicy('')).toMatchObject({ ok: false });
  });

  it('many things are wrong: all of them at once', () => {
    const all = problems((p) => {
      p.slack.team = 'x';
      p.registry.url = 'ftp://x';
      p.images.decision.publish = 'X';
      p.extra = 1;
    });
    expect(all).toHaveLength(4);
  });
});

describe('the environment', () => {
  const good = { SLACK_BOT_TOKEN: 'xoxb-1', SLACK_APP_TOKEN: 'xapp-1' };

  it('has defaults for everything but the tokens', () => {
    const read = readEnvironment(good);
    if (!read.ok) throw new Error('refused');
    expect(read.value).toMatchObject({
      SLACK_API_URL: 'https://slack.com/api/',
      LOG_LEVEL: 'info',
      PROMOTE_IMAGE_CONFIG: 'config/promote-image.yml',
    });
    expect(read.value.DATABASE_URL.reveal()).toBe('sqlite:data/promote-image.sqlite');
    expect(JSON.stringify(read.value)).not.toContain('xoxb-1');
  });

  it.each([
    [{ ...good, SLACK_BOT_TOKEN: 'xoxp-secret' }, 'SLACK_BOT_TOKEN: does not begin with xoxb-'],
    [{ ...good, SLACK_BOT_TOKEN: '' }, 'SLACK_BOT_TOKEN: is missing'],
    [
      { ...good, SLACK_API_URL: 'http://slack.example.org/' },
      'SLACK_API_URL: http://slack.example.org/ must be https: (http: is accepted for loopback only)',
    ],
    [
      { ...good, DATABASE_URL: 'mysql://user:pw@x' },
      'DATABASE_URL: is neither sqlite:<file> nor postgres://…',
    ],
    [{ ...good, PORT: '99999' }, 'PORT: 99999 is not a port'],
    [
      { ...good, DOCKER_HOST: '/run/docker.sock' },
      'DOCKER_HOST: /run/docker.sock is not unix:///…, tcp://… or ssh://…',
    ],
    [
      { SLACK_BOT_TOKEN: 'xoxb-1', SLACK_SIGNING_SECRET: 's' },
      'PORT: is missing: Slack’s HTTP requests need one',
    ],
  ])('%#: says what is wrong and shows no secret', (env, line) => {
    const read = readEnvironment(env);
    const lines = read.ok ? [] : read.problems.map(formatProblem);
    expect(lines.map((one) => one.replaceAll('"', ''))).toEqual([line]);
  });

  it('needs no Slack for operators', () => {
    expect(readOperatorEnvironment({})).toMatchObject({ ok: true });
  });
});
