import { generateKeyPairSync, sign } from 'node:crypto';
import type { PublishedBuild, Twists } from '../../../local/builds.ts';
import { encode } from '../../../local/taskcluster/certificate.ts';
import type { TaskDefinition } from '../../../local/taskcluster/definition.ts';
import { newTaskId } from '../../../local/taskcluster/task-id.ts';
import type { StoredArtifact, StoredRun } from '../../../local/taskcluster/world.ts';
import type { Reason } from '../../../src/domain/reasons.ts';
import type { Setting } from './setting.ts';

/** A build that is not what it pretends to be, and the reason for which it has to be refused. */
export interface Trick {
  readonly reason: Reason;
  /** What is wrong with it; everything else about it is as it should be, and a level-3 worker signed it. */
  readonly twists?: Twists;
  /** What happens besides, once it is published. */
  readonly afterwards?: (setting: Setting, build: PublishedBuild) => Promise<void> | void;
}

const level1 = generateKeyPairSync('ed25519').privateKey;
const hash = 'c0'.repeat(32);

/** A definition with one thing changed. */
function defined(change: (task: TaskDefinition) => void): Twists {
  return { definition: change };
}

function pool(workerPool: string): Twists {
  return defined((task) => {
    const [provisionerId = '', workerType = ''] = workerPool.split('/');
    Object.assign(task, { provisionerId, workerType, taskQueueId: workerPool });
  });
}

function repository(url: string): Twists {
  return defined((task) => {
    task.payload.env['VCS_HEAD_REPOSITORY'] = url;
  });
}

function routes(change: (route: string) => string): Twists {
  return defined((task) => {
    task.routes = task.routes.map(change);
  });
}

function runs(change: (run: StoredRun) => readonly StoredRun[]): Twists {
  return { runs: change };
}

function stored(artifact: Partial<StoredArtifact> | { readonly storageType: string }): Twists {
  return { artifact: (good) => ({ ...good, ...artifact }) as StoredArtifact };
}

/** Certified under another name or with another hash. */
function certified(entries: Readonly<Record<string, object>>): Twists {
  return {
    certificate: (certificate) => ({
      ...certificate,
      artifacts: { 'public/logs/certified.log': { sha256: hash }, ...entries },
    }),
  };
}

/** The certificate as text, changed as text. */
function text(change: (document: string) => string): Twists {
  return {
    certificate: (certificate) => Buffer.from(change(Buffer.from(encode(certificate)).toString())),
  };
}

const ended = (state: string, reasonResolved: string): Twists =>
  runs((run) => [{ ...run, state, reasonResolved }]);

/** A task of level 1 dressed up as one of level 3, and its relatives. Each is refused for a reason of its own. */
export const tricks: Readonly<Record<string, Trick>> = {
  // The worker pool
  'a level-1 pool with level-3 routes': {
    reason: 'wrong-worker-pool',
    twists: pool('releng-1/linux-docker'),
  },
  'the level-3 worker type of another provisioner': {
    reason: 'wrong-worker-pool',
    twists: pool('gecko-3/linux-docker'),
  },
  'another pool of level 3': { reason: 'wrong-worker-pool', twists: pool('releng-3/images') },
  'a look-alike pool with one letter more': {
    reason: 'wrong-worker-pool',
    twists: pool('releng-3x/linux-docker'),
  },
  'a look-alike pool with a Cyrillic е': {
    reason: 'wrong-worker-pool',
    twists: pool('rеleng-3/linux-docker'),
  },
  'a pool in capitals': { reason: 'wrong-worker-pool', twists: pool('Releng-3/linux-docker') },
  'a pool with a space at its end': {
    reason: 'wrong-worker-pool',
    twists: pool('releng-3/linux-docker '),
  },
  'a pool with a longer path': {
    reason: 'wrong-worker-pool',
    twists: pool('releng-3/linux-docker/x'),
  },
  'the level-3 pool as taskQueueId, the level-1 one in its parts': {
    reason: 'wrong-worker-pool',
    twists: defined((task) => {
      task.provisionerId = 'releng-1';
    }),
  },
  'the level-3 pool in its parts, the level-1 one as taskQueueId': {
    reason: 'wrong-worker-pool',
    twists: defined((task) => {
      task.taskQueueId = 'releng-1/linux-docker';
    }),
  },
  'no pool at all': {
    reason: 'wrong-worker-pool',
    twists: defined((task) => {
      delete task.taskQueueId;
      delete task.provisionerId;
      delete task.workerType;
    }),
  },

  // The scheduler
  'the scheduler of level 1': {
    reason: 'wrong-scheduler',
    twists: defined((task) => {
      task.schedulerId = 'releng-level-1';
    }),
  },
  'the level-3 scheduler of another trust domain': {
    reason: 'wrong-scheduler',
    twists: defined((task) => {
      task.schedulerId = 'gecko-level-3';
    }),
  },
  'the scheduler of GitHub’s checks': {
    reason: 'wrong-scheduler',
    twists: defined((task) => {
      task.schedulerId = 'taskcluster-github';
    }),
  },

  // What it builds
  'the label of another image': {
    reason: 'wrong-label',
    twists: defined((task) => {
      task.metadata.name = 'docker-image-decision';
    }),
  },
  'a label that only begins right': {
    reason: 'wrong-label',
    twists: defined((task) => {
      task.metadata.name = 'docker-image-build-decision-debug';
    }),
  },
  'the right label around another image': {
    reason: 'wrong-image-name',
    twists: defined((task) => {
      task.payload.env['IMAGE_NAME'] = 'decision';
    }),
  },
  'no image name': {
    reason: 'wrong-image-name',
    twists: defined((task) => {
      delete task.payload.env['IMAGE_NAME'];
    }),
  },

  // The routes
  'the level-3 route only in metadata and extra': {
    reason: 'no-level-3-route',
    twists: defined((task) => {
      const [route = ''] = task.routes;
      task.routes = [];
      task.metadata.description = route;
      task.extra['index'] = { routes: [route] };
    }),
  },
  'a level-3 route that somebody inserted into the index': {
    reason: 'no-level-3-route',
    twists: defined((task) => {
      task.routes = [];
    }),
    afterwards: ({ taskcluster }, { taskId, indexHash }) => {
      const cache = 'releng.cache.level-3.docker-images.v2.build-decision';
      taskcluster.index.set(`${cache}.hash.${indexHash}`, taskId);
      taskcluster.index.set(`${cache}.latest`, taskId);
    },
  },
  'the cache route of level 1': {
    reason: 'no-level-3-route',
    twists: routes((route) => route.replace('level-3', 'level-1')),
  },
  'the cache route of level 31': {
    reason: 'no-level-3-route',
    twists: routes((route) => route.replace('level-3', 'level-31')),
  },
  'the level-3 cache route of another image': {
    reason: 'no-level-3-route',
    twists: routes((route) => route.replace('.build-decision.', '.decision.')),
  },
  'the level-3 cache route of another trust domain': {
    reason: 'no-level-3-route',
    twists: routes((route) => route.replace('index.releng.', 'index.gecko.')),
  },
  'a level-3 cache route that is not the index’s': {
    reason: 'no-level-3-route',
    twists: routes((route) => route.replace('index.', 'notify.')),
  },
  'a level-3 cache route with a short hash': {
    reason: 'no-level-3-route',
    twists: routes((route) => route.replace(/(?<=\.hash\.).*/, 'abc')),
  },
  'a level-3 cache route with more after the hash': {
    reason: 'no-level-3-route',
    twists: routes((route) => route.replace(/(?<=\.hash\..*)$/, '.x')),
  },
  'the latest route of level 3 without a hash': {
    reason: 'no-level-3-route',
    twists: defined((task) => {
      task.routes = task.routes.filter((route) => !route.includes('.hash.'));
    }),
  },
  'two level-3 hash routes': {
    reason: 'no-level-3-route',
    twists: defined((task) => {
      task.routes.push(`index.releng.cache.level-3.docker-images.v2.build-decision.hash.${hash}`);
    }),
  },

  // Pull requests
  'the cache route of a pull request besides': {
    reason: 'pull-request',
    twists: defined((task) => {
      task.routes.push(`index.releng.cache.pr.docker-images.v2.build-decision.hash.${hash}`);
    }),
  },
  'the older cache route of a pull request': {
    reason: 'pull-request',
    twists: routes((route) => route.replace('cache.level-3', 'cache.head')),
  },
  'the tasks_for of a pull request': {
    reason: 'pull-request',
    twists: defined((task) => {
      task.extra['tasks_for'] = 'github-pull-request-untrusted';
    }),
  },
  'a head that is the ref of a pull request': {
    reason: 'pull-request',
    twists: defined((task) => {
      task.payload.env['VCS_HEAD_REF'] = 'refs/pull/1/head';
    }),
  },
  'the Treeherder route of a project’s pull requests': {
    reason: 'pull-request',
    twists: defined((task) => {
      task.routes.push('tc-treeherder.v2.fxci-config-pr.0');
    }),
  },

  // The source
  'a fork of the trusted repository': {
    reason: 'wrong-repository',
    twists: repository('https://github.com/somebody/fxci-config'),
  },
  'a repository whose name only begins right': {
    reason: 'wrong-repository',
    twists: repository('https://github.com/mozilla-releng/fxci-config-evil'),
  },
  'a repository below the trusted one': {
    reason: 'wrong-repository',
    twists: repository('https://github.com/mozilla-releng/fxci-config/evil'),
  },
  'the trusted host as a user name': {
    reason: 'wrong-repository',
    twists: repository('https://github.com@evil.example/mozilla-releng/fxci-config'),
  },
  'a user name before the trusted host': {
    reason: 'wrong-repository',
    twists: repository('https://evil@github.com/mozilla-releng/fxci-config'),
  },
  'a host that only begins right': {
    reason: 'wrong-repository',
    twists: repository('https://github.com.evil.example/mozilla-releng/fxci-config'),
  },
  'a path that climbs to the trusted one': {
    reason: 'wrong-repository',
    twists: repository('https://github.com/evil/../mozilla-releng/fxci-config'),
  },
  'a path with percent-encoded letters': {
    reason: 'wrong-repository',
    twists: repository('https://github.com/mozilla-releng/fxci%2dconfig'),
  },
  'a repository with a query': {
    reason: 'wrong-repository',
    twists: repository('https://github.com/mozilla-releng/fxci-config?evil'),
  },
  'a repository with a line after it': {
    reason: 'wrong-repository',
    twists: repository('https://github.com/mozilla-releng/fxci-config\nhttps://evil.example/x'),
  },
  'the trusted repository without encryption': {
    reason: 'wrong-repository',
    twists: repository('http://github.com/mozilla-releng/fxci-config'),
  },
  'the trusted repository in one form, a fork in the other': {
    reason: 'wrong-repository',
    twists: defined((task) => {
      task.payload.env['GECKO_HEAD_REPOSITORY'] = 'https://github.com/somebody/fxci-config';
    }),
  },
  'the try repository': {
    reason: 'wrong-repository',
    twists: repository('https://hg.mozilla.org/try'),
  },
  'no repository': {
    reason: 'wrong-repository',
    twists: defined((task) => {
      delete task.payload.env['VCS_HEAD_REPOSITORY'];
    }),
  },
  'a source that is another repository’s': {
    reason: 'wrong-repository',
    twists: defined((task) => {
      task.metadata.source = 'https://github.com/somebody/fxci-config/blob/main/x';
    }),
  },
  'the project try': {
    reason: 'wrong-project',
    twists: defined((task) => {
      task.payload.env['PROJECT'] = 'try';
    }),
  },
  'a branch name for a commit': {
    reason: 'bad-revision',
    twists: defined((task) => {
      task.payload.env['VCS_HEAD_REV'] = 'main';
    }),
  },
  'two different commits': {
    reason: 'bad-revision',
    twists: defined((task) => {
      task.payload.env['GECKO_HEAD_REV'] = 'f'.repeat(40);
    }),
  },

  // Who else was in there
  'an interactive task': {
    reason: 'interactive',
    twists: defined((task) => {
      task.payload.features['interactive'] = true;
    }),
  },
  'an interactive task by its environment': {
    reason: 'interactive',
    twists: defined((task) => {
      task.payload.env['TASKCLUSTER_INTERACTIVE'] = 'false';
    }),
  },
  'a task with a remote desktop': {
    reason: 'interactive',
    twists: defined((task) => {
      task.payload.rdpInfo = 'login-identity/rdp.json';
    }),
  },
  'chainOfTrust switched off': {
    reason: 'no-chain-of-trust-feature',
    twists: defined((task) => {
      task.payload.features['chainOfTrust'] = false;
    }),
  },
  'chainOfTrust that is only the word': {
    reason: 'no-chain-of-trust-feature',
    twists: defined((task) => {
      task.payload.features['chainOfTrust'] = 'true';
    }),
  },
  'no features': {
    reason: 'no-chain-of-trust-feature',
    twists: defined((task) => {
      task.payload.features = {};
    }),
  },

  // The status
  'a failed run': { reason: 'not-completed', twists: ended('failed', 'failed') },
  'an exception': { reason: 'not-completed', twists: ended('exception', 'malformed-payload') },
  'a cancelled run': { reason: 'not-completed', twists: ended('exception', 'canceled') },
  'a running run': {
    reason: 'not-completed',
    twists: runs(({ runId, reasonCreated, scheduled }) => [
      { runId, reasonCreated, scheduled, state: 'running' },
    ]),
  },
  'a completed run that is being run again': {
    reason: 'not-completed',
    twists: runs((run) => [
      run,
      { runId: 1, state: 'pending', reasonCreated: 'rerun', scheduled: run.scheduled },
    ]),
  },
  'no run': { reason: 'no-run', twists: runs(() => []) },
  'runs in another order': {
    reason: 'status-mismatch',
    twists: runs((run) => [{ ...run, runId: 1 }, run]),
  },
  'an expired task': {
    reason: 'task-expired',
    twists: { created: new Date('2024-01-01T00:00:00.000Z') },
  },
  'the status of a task of level 3 around a definition of level 1': {
    reason: 'status-mismatch',
    twists: {},
    afterwards: ({ taskcluster }, { taskId }) => {
      const task = taskcluster.tasks.get(taskId);
      if (task) task.definition = { ...task.definition, schedulerId: 'releng-level-1' };
    },
  },
  'the status of another task': {
    reason: 'status-mismatch',
    twists: {},
    afterwards: ({ taskcluster }, { taskId }) => {
      const task = taskcluster.tasks.get(taskId);
      if (task) task.status = Object.assign({ ...task.status }, { taskId: newTaskId() });
    },
  },

  // The signature
  'signed by a worker of level 1': {
    reason: 'bad-signature',
    twists: { sign: (document) => sign(null, document, level1) },
  },
  'a signature of zeros': { reason: 'bad-signature', twists: { sign: () => Buffer.alloc(64) } },
  'a signature in hex': {
    reason: 'bad-signature',
    twists: { sign: (document) => Buffer.from(sign(null, document, level1).toString('hex')) },
  },
  'no signature': { reason: 'no-chain-of-trust', twists: { sign: 'unsigned' } },
  'no certificate': {
    reason: 'no-chain-of-trust',
    afterwards: ({ taskcluster }, { taskId }) => {
      taskcluster.tasks.get(taskId)?.artifacts.get(0)?.delete('public/chain-of-trust.json');
    },
  },
  'a certificate changed after it was signed': {
    reason: 'bad-signature',
    afterwards: ({ taskcluster }, { taskId }) => {
      const artifacts = taskcluster.tasks.get(taskId)?.artifacts.get(0);
      const signed = artifacts?.get('public/chain-of-trust.json');
      if (!signed || !('content' in signed)) throw new Error('no certificate');
      const { contentEncoding: _, ...plain } = signed;
      artifacts?.set(signed.name, { ...plain, content: Buffer.from('{}') });
    },
  },
  'the certificate and signature of another task': {
    reason: 'certificate-mismatch',
    afterwards: copyCertificate,
  },
  'a certificate that is a reference': {
    reason: 'artifact-storage',
    afterwards: ({ taskcluster }, { taskId }) => {
      const artifacts = taskcluster.tasks.get(taskId)?.artifacts.get(0);
      const name = 'public/chain-of-trust.json';
      const url = `${taskcluster.storage}/public-bucket/${taskId}/0/${name}`;
      const signed = artifacts?.get(name);
      if (signed) artifacts?.set(name, { ...signed, storageType: 'reference', url });
    },
  },

  // What the certificate is about
  'the certificate of an older run': {
    reason: 'certificate-mismatch',
    twists: {
      runs: (run) => [
        { ...run, state: 'exception', reasonResolved: 'claim-expired' },
        { ...run, runId: 1, reasonCreated: 'retry' },
      ],
      certificate: (certificate) => ({ ...certificate, runId: 0 }),
    },
  },
  'the certificate of another worker': {
    reason: 'certificate-mismatch',
    twists: { certificate: (certificate) => ({ ...certificate, workerId: '1' }) },
  },
  'the certificate of another worker group': {
    reason: 'certificate-mismatch',
    twists: { certificate: (certificate) => ({ ...certificate, workerGroup: 'elsewhere' }) },
  },
  'a certificate about another definition': {
    reason: 'definition-mismatch',
    twists: {
      certificate: (certificate) => {
        certificate.task.payload.env['HASH'] = hash;
        return certificate;
      },
    },
  },
  'a certificate whose definition says less': {
    reason: 'definition-mismatch',
    twists: {
      certificate: (certificate) => {
        certificate.task.payload.env = {};
        return certificate;
      },
    },
  },
  'a certificate whose definition says more': {
    reason: 'unknown-key',
    twists: {
      certificate: (certificate) => ({ ...certificate, task: { ...certificate.task, level: 3 } }),
    },
  },

  // How the certificate is written
  'a certificate with a key nobody knows': {
    reason: 'bad-certificate',
    twists: { certificate: (certificate) => ({ ...certificate, level: 3 }) },
  },
  'a certificate with an environment that nobody knows': {
    reason: 'unknown-key',
    twists: {
      certificate: (certificate) => ({ ...certificate, environment: { trusted: 'yes' } }),
    },
  },
  'a certificate of another version': {
    reason: 'bad-certificate',
    twists: { certificate: (certificate) => ({ ...certificate, chainOfTrustVersion: 2 }) },
  },
  'a certificate with a key twice': {
    reason: 'bad-certificate',
    twists: text((document) => document.replace('{', '{ "taskId": "XTNzjWbhS9SuMxBnH08YCQ",')),
  },
  'a certificate with a key twice, once escaped': {
    reason: 'bad-certificate',
    twists: text((document) => document.replace('{', '{ "task\\u0049d": "x",')),
  },
  'a certificate with an artifact twice': {
    reason: 'bad-certificate',
    twists: text((document) =>
      document.replace(
        '"artifacts": {',
        `"artifacts": { "public/image.tar.zst": { "sha256": "${hash}" },`,
      ),
    ),
  },
  'a certificate with a byte order mark': {
    reason: 'bad-certificate',
    twists: text((document) => `\uFEFF${document}`),
  },
  'a certificate with __proto__': {
    reason: 'bad-certificate',
    twists: text((document) => document.replace('{', '{ "__proto__": { "taskId": "x" },')),
  },
  'a certificate that is not UTF-8': {
    reason: 'bad-certificate',
    twists: {
      certificate: (certificate) => Buffer.concat([encode(certificate), Buffer.from([0xff])]),
    },
  },
  'a certificate with something after it': {
    reason: 'bad-certificate',
    twists: text((document) => `${document}{}`),
  },
  'a certificate that is nested without end': {
    reason: 'bad-certificate',
    twists: text((document) =>
      document.replace('{', `{ "deep": ${'['.repeat(10_000)}${']'.repeat(10_000)},`),
    ),
  },

  // The artifact's entry and its storage
  'an artifact that is not certified': { reason: 'artifact-not-signed', twists: certified({}) },
  'an artifact certified by sha512 only': {
    reason: 'artifact-not-signed',
    twists: certified({ 'public/image.tar.zst': { sha512: 'ab'.repeat(64) } }),
  },
  'an artifact certified with no hash at all': {
    reason: 'artifact-not-signed',
    twists: certified({ 'public/image.tar.zst': {} }),
  },
  'an artifact certified with two slashes': {
    reason: 'artifact-not-signed',
    twists: certified({ 'public//image.tar.zst': { sha256: hash } }),
  },
  'an artifact certified with a slash at the end': {
    reason: 'artifact-not-signed',
    twists: certified({ 'public/image.tar.zst/': { sha256: hash } }),
  },
  'an artifact certified percent-encoded': {
    reason: 'artifact-not-signed',
    twists: certified({ 'public%2Fimage.tar.zst': { sha256: hash } }),
  },
  'an artifact certified in capitals': {
    reason: 'bad-certificate',
    twists: certified({ 'public/image.tar.zst': { sha256: hash.toUpperCase() } }),
  },
  'an artifact certified with a short hash': {
    reason: 'bad-certificate',
    twists: certified({ 'public/image.tar.zst': { sha256: hash.slice(2) } }),
  },
  'an artifact certified by md5 besides': {
    reason: 'bad-certificate',
    twists: certified({ 'public/image.tar.zst': { sha256: hash, md5: 'x' } }),
  },
  'an artifact that is a reference': {
    reason: 'artifact-storage',
    twists: stored({ storageType: 'reference', url: 'https://evil.example/image.tar.zst' }),
  },
  'an artifact that is a link': {
    reason: 'artifact-storage',
    twists: stored({ storageType: 'link', target: 'public/other.tar.zst' }),
  },
  'an artifact that is a link to the very bytes that are signed': {
    reason: 'artifact-storage',
    afterwards: ({ taskcluster }, { taskId }) => {
      const artifacts = taskcluster.tasks.get(taskId)?.artifacts.get(0);
      const image = artifacts?.get('public/image.tar.zst');
      const name = 'public/other.tar.zst';
      if (!artifacts || !image) throw new Error('no image');
      artifacts.set(name, { ...image, name });
      const { contentType, expires } = image;
      const link = { contentType, expires, storageType: 'link', target: name } as const;
      artifacts.set(image.name, { name: image.name, ...link });
    },
  },
  'an artifact that is an error': {
    reason: 'artifact-error',
    twists: stored({ storageType: 'error', reason: 'file-missing-on-worker', message: 'none' }),
  },
  'an artifact of a storage that nobody knows': {
    reason: 'artifact-storage',
    twists: stored({ storageType: 'teleport', url: 'https://evil.example/image.tar.zst' }),
  },
  'no artifact': { reason: 'artifact-missing', twists: { artifact: () => undefined } },
  'an expired artifact': {
    reason: 'artifact-expired',
    twists: stored({ expires: '2026-01-01T00:00:00.000Z' }),
  },
};

async function copyCertificate(
  { taskcluster, publish }: Setting,
  { taskId }: PublishedBuild,
): Promise<void> {
  const other = await publish();
  const from = taskcluster.tasks.get(other.taskId)?.artifacts.get(0);
  const to = taskcluster.tasks.get(taskId)?.artifacts.get(0);
  for (const name of ['public/chain-of-trust.json', 'public/chain-of-trust.json.sig']) {
    const artifact = from?.get(name);
    if (artifact) to?.set(name, artifact);
  }
}
