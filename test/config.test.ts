import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { promotableNames } from '../src/domain/image.ts';
import {
  formatProblem,
  readEnvironment,
  readOperatorEnvironment,
  readPolicy,
} from '../src/config.ts';

const committed = readFileSync(new URL('../config/promote-image.yml', import.meta.url), 'utf8');

/** Values by dotted path; `undefined` takes what is there away. */
type Change = Readonly<Record<string, unknown>>;

/** Lines of problems of the committed policy with something changed. */
function problems(change: Change): readonly string[] {
  const read = readPolicy(changed(change));
  return read.ok ? [] : read.problems.map(formatProblem);
}

function changed(change: Change): string {
  const policy = parseDocument(committed);
  for (const [path, value] of Object.entries(change)) {
    const keys = path.split('.').map((key) => (/^\d+$/.test(key) ? Number(key) : key));
    if (value === undefined) policy.deleteIn(keys);
    else policy.setIn(keys, policy.createNode(value));
  }
  return policy.toString();
}

describe('the committed policy', () => {
  it('is sound and holds the four images that are promoted, and run-task to check only', () => {
    const read = readPolicy(committed);
    if (!read.ok) throw new Error(read.problems.map(formatProblem).join('\n'));
    expect(Object.keys(read.value.images)).toContain('run-task');
    expect(promotableNames(read.value).toSorted()).toEqual([
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
  const broken: Readonly<Record<string, readonly [Change, RegExp]>> = {
    'an image has a name that no line could say': [
      { 'images.a b': {} },
      /^images\.a b: \{.* is not a plain name$/,
    ],
    'a key is no setting': [
      { 'approval.selfApproval': true },
      /^approval\.selfApproval: is not a setting/,
    ],
    'a section is missing': [{ approval: undefined }, /^approval: is missing/],
    'nobody need agree': [{ 'approval.required': 0 }, /^approval\.required: 0 must be at least 1/],
    'half a person must agree': [
      { 'approval.required': 1.5 },
      /^approval\.required: 1\.5 is not a whole number/,
    ],
    'nobody may approve': [
      { 'approval.approvers': {} },
      /^approval\.approvers: .*must name users, a group, or both/,
    ],
    'the list of approvers is empty': [
      { 'approval.approvers': { users: [] } },
      /^approval\.approvers\.users: .*must hold at least 1/,
    ],
    'an approver is a name': [
      { 'approval.approvers.users': ['bob'] },
      /"bob" is not a Slack user id/,
    ],
    'more must agree than there are': [
      {
        'approval.required': 2,
        'approval.approvers': { users: ['U00000001', 'U00000002'] },
        'approval.people': [['U00000001', 'U00000002']],
      },
      /^approval\.required: 2 .*there are only 1 approvers/,
    ],
    'more must agree than there are, as lists of accounts overlap': [
      {
        'approval.required': 2,
        'approval.approvers': { users: ['U1AA', 'U3AA'] },
        'approval.people': [
          ['U1AA', 'U2AA'],
          ['U2AA', 'U3AA'],
        ],
      },
      /^approval\.required: 2 .*there are only 1 approvers/,
    ],
    'an approval never ends': [
      { 'approval.expires': '400d' },
      /^approval\.expires: "400d"|is longer than 30d/,
    ],
    'an approval ends some time': [{ 'approval.expires': 'soon' }, /"soon" is not a time such as/],
    'the team is a name': [{ 'slack.team': 'mozilla' }, /"mozilla" is not a Slack team id/],
    'the registry is not encrypted': [
      { 'registry.url': 'http://registry.example.org' },
      /must be https: \(http: is accepted for loopback only\)/,
    ],
    'the registry’s address has a path': [
      { 'registry.url': 'https://host.example/team-a' },
      /^registry\.url: .* must end behind the host: https:\/\/host\.example; what stands behind it goes before each name: team-a\/…$/,
    ],
    'the registry’s address is that of its API': [
      { 'registry.url': 'https://host.example/v2/' },
      /^registry\.url: .* must end behind the host: https:\/\/host\.example$/,
    ],
    'the registry’s address has a query': [
      { 'registry.url': 'https://host.example/?x=1' },
      /^registry\.url: .* must end behind the host: https:\/\/host\.example$/,
    ],
    'Docker Hub is named as docker login does': [
      { 'registry.url': 'https://index.docker.io/v1/' },
      /^registry\.url: .* that is https:\/\/registry-1\.docker\.io$/,
    ],
    'Docker Hub is named by its website': [
      { 'registry.url': 'https://hub.docker.com' },
      /^registry\.url: .* that is https:\/\/registry-1\.docker\.io$/,
    ],
    'Docker Hub is named as in references': [
      { 'registry.url': 'https://docker.io' },
      /^registry\.url: .* that is https:\/\/registry-1\.docker\.io$/,
    ],
    'a registry’s host stands in a name': [
      { 'images.decision.publish': 'docker.io/x/y' },
      /^images\.decision\.publish: "docker\.io\/x\/y" must be without the registry’s host: x\/y$/,
    ],
    'another registry’s host stands in a name': [
      { 'images.decision.publish': 'localhost/x' },
      /^images\.decision\.publish: .* must be without the registry’s host: x$/,
    ],
    'the credentials are in an environment file': [
      { 'registry.credentials.file': 'secrets/.env' },
      /^registry\.credentials\.file: "secrets\/\.env" is no sops file: its name must end in \.yml, \.yaml or \.json$/,
    ],
    'the registry’s address has a password': [
      { 'registry.url': 'https://a:b@registry.example.org' },
      /must not carry credentials/,
    ],
    'the engine is unknown': [
      { 'registry.engine': 'podman' },
      /"podman" is not one of registry, docker/,
    ],
    'Taskcluster is a file': [{ 'taskcluster.rootUrl': 'file:///etc' }, /must be an https: URL/],
    'nobody signs': [{ 'taskcluster.chainOfTrustKeys': [] }, /^taskcluster\.chainOfTrustKeys/],
    'a key is too short': [
      { 'taskcluster.chainOfTrustKeys': ['abc'] },
      /is neither the base64 of a raw ed25519 public key/,
    ],
    'a key that is compared may be left out': [
      { 'taskcluster.allowedKeys': { definition: ['payload'] } },
      /^taskcluster\.allowedKeys\.definition\.0: "payload" is compared/,
    ],
    'there is no image': [{ images: {} }, /^images: .*must hold at least one image/],
    'a tag rule is unknown': [
      { 'images.decision.tag': { from: 'moon' } },
      /^images\.decision\.tag.*is not one of revision, version-file, index-hash/,
    ],
    'a path leaves the tree': [
      { 'images.image_builder.tag.path': '../VERSION' },
      /is not a plain path inside the tree/,
    ],
    'a path is an option': [
      { 'images.image_builder.tag.path': '--exec=x' },
      /is not a plain path inside the tree/,
    ],
    'a branch is an option': [
      { 'images.decision.pins.0.branch': '-x' },
      /"-x" is not a branch name/,
    ],
    'git would run a helper': [
      { 'images.decision.pins.0.git': 'ext::sh -c x' },
      /is not a git URL/,
    ],
    'hg is to guess its files': [
      { 'images.gecko_decision.pins.0.files': 'auto' },
      /must be a list of paths: hg is read file by file/,
    ],
    'a commit message has two lines': [{ 'images.decision.message': 'a\nb' }, /must be one line/],
    'a published name has a host': [
      { 'images.decision.publish': 'docker.io:443/x' },
      /is not a repository name/,
    ],
    'a worker pool is half': [
      { 'images.decision.build.workerPool': 'gecko-3' },
      /is not <provisionerId>\/<workerType>/,
    ],
  };
  it.each(Object.entries(broken))('%s', (_, [change, reason]) => {
    expect(problems(change).filter((line) => reason.test(line))).toHaveLength(1);
  });

  const sources = [
    { project: 'a', repository: 'https://hg.mozilla.org/a' },
    { project: 'b', repository: 'https://github.com/x/b', branch: 'beta', releases: true },
  ];
  const gecko = 'images.gecko_decision.build';
  const fxci = 'images.build-decision.build';
  const contradictory: Readonly<Record<string, readonly [Record<string, unknown>, string]>> = {
    'the decision task is switched on or off': [
      { 'taskcluster.verifyDecisionTask': false },
      'taskcluster.verifyDecisionTask: false is gone: the decision task is always asked now. Where builds have none, say `decision: none` in the image’s build',
    ],
    'a source stands beside the list': [{ [`${gecko}.project`]: 'autoland' }, `${gecko}.sources: `],
    'there is no source': [{ [`${fxci}.project`]: undefined }, `${fxci}.project: is missing`],
    'the list is empty': [
      { [`${gecko}.sources`]: [] },
      `${gecko}.sources: [] must hold at least 1`,
    ],
    'a source stands twice': [
      { [`${gecko}.sources`]: [...sources, { ...sources[0], branch: 'default' }] },
      `${gecko}.sources.2: `,
    ],
    'a project has two repositories': [
      { [`${gecko}.sources`]: [...sources, { ...sources[0], repository: 'https://x.example/y' }] },
      `${gecko}.sources.2.repository: "https://x.example/y" is not https://hg.mozilla.org/a, which stands above for the same project`,
    ],
    'a branch would be proven by nobody': [
      { [`${fxci}.decision`]: 'none' },
      `${fxci}.branch: "main" is proven by a decision task only, and decision is none`,
    ],
    'a release would be proven by nobody': [
      { [`${gecko}.decision`]: 'none', [`${gecko}.sources`]: [{ ...sources[0], releases: true }] },
      `${gecko}.sources.0.releases: true is proven by a decision task only`,
    ],
    'images would decide': [
      { [`${fxci}.decision`]: { pool: 'releng-3/linux-docker' } },
      `${fxci}.decision.pool: "releng-3/linux-docker" is the pool that builds the image`,
    ],
    'the decision is neither': [
      { [`${fxci}.decision`]: 'some' },
      `${fxci}.decision: "some" is neither { pool: <provisionerId>/<workerType> } nor none`,
    ],
    'a repository is no address that a task could name': [
      { [`${fxci}.repository`]: 'git@github.com:x/y' },
      `${fxci}.repository: "git@github.com:x/y" is not a URL`,
    ],
  };
  it.each(Object.entries(contradictory))('its builds contradict: %s', (_, [change, line]) => {
    expect(problems(change)).toEqual([expect.stringContaining(line)]);
  });

  it('several sources are taken, each with the branch that its kind of repository has', () => {
    const parsed = readPolicy(changed({ [`${gecko}.sources`]: sources }));
    if (!parsed.ok) throw new Error(parsed.problems.map(formatProblem).join('\n'));
    expect(parsed.value.images['gecko_decision']?.build).toEqual({
      name: 'decision',
      trustDomain: 'gecko',
      workerPool: 'gecko-3/images',
      decision: { pool: 'gecko-3/decision' },
      sources: [
        { ...sources[0], branch: 'default', releases: false },
        { ...sources[1], branch: 'beta', releases: true },
      ],
    });
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
    const all = problems({
      'slack.team': 'x',
      'registry.url': 'ftp://x',
      'images.decision.publish': 'X',
      extra: 1,
    });
    expect(all).toHaveLength(4);
  });
});

describe('the environment', () => {
  const good = { SLACK_BOT_TOKEN: 'xoxb-1', SLACK_APP_TOKEN: 'xapp-1' };

  it('needs a key for the log where the database is PostgreSQL, but for verbs that only read', () => {
    const onPostgres = { ...good, DATABASE_URL: 'postgres://bot@db/bot' };
    const read = readEnvironment(onPostgres);
    expect(read.ok ? [] : read.problems.map(formatProblem)).toEqual([
      'AUDIT_KEY: is missing, and PostgreSQL needs one: make it with `openssl rand -base64 32`, and keep it',
    ]);
    expect(readEnvironment({ ...onPostgres, AUDIT_KEY: 'k' })).toMatchObject({ ok: true });
    expect(readEnvironment(good)).toMatchObject({ ok: true });
    expect(readOperatorEnvironment(onPostgres)).toMatchObject({ ok: true });
  });

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
      'DOCKER_HOST: /run/docker.sock is not unix:///…, tcp://… or https://…',
    ],
    [
      { SLACK_BOT_TOKEN: 'xoxb-1', SLACK_SIGNING_SECRET: 's' },
      'PORT: is missing: Slack’s HTTP requests need one',
    ],
    [
      { SLACK_BOT_TOKEN: 'xoxb-1', SLACK_SIGNING_SECRET: 's', PORT: '3000', OPS_PORT: '03000' },
      'OPS_PORT: is PORT: health and metrics are not for whoever reaches Slack’s port',
    ],
  ])('%#: says what is wrong and shows no secret', (env, line) => {
    const read = readEnvironment(env);
    const lines = read.ok ? [] : read.problems.map(formatProblem);
    expect(lines.map((one) => one.replaceAll('"', ''))).toEqual([line]);
  });

  it('needs no Slack for operators', () => {
    expect(readOperatorEnvironment({})).toMatchObject({ ok: true });
    expect(readOperatorEnvironment({ PORT: '3000', OPS_PORT: '3001' })).toMatchObject({ ok: true });
    const http = { SLACK_SIGNING_SECRET_FILE: '/unread', PORT: '3000', OPS_PORT: '3001' };
    expect(readOperatorEnvironment(http)).toMatchObject({ ok: true });
    expect(readOperatorEnvironment({ ...http, PORT: '' })).toMatchObject({ ok: false });
  });
});
