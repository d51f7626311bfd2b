import { page, type Answer, type Asked, type Call } from './call.ts';
import { sizeOf, type StoredArtifact, type StoredTask } from './world.ts';

const task = '\\/task\\/(?<taskId>[^/]+)';
const run = `${task}\\/runs\\/(?<runId>[^/]+)`;

/** What the queue tells and gives of the artifacts of a run; without a run, of the latest. */
export const artifactCalls: readonly Call[] = [
  ...both(['listArtifacts', 'listLatestArtifacts'], 'artifacts', {
    isPaged: true,
    answer: (asked, found) => list(asked, found),
  }),
  ...both(['getArtifact', 'getLatestArtifact'], 'artifacts\\/(?<name>.*)', {
    missing: ({ name = '' }) => missingScope(name),
    answer: (asked, found) => redirect(asked, found),
  }),
  ...both(['artifactInfo', 'latestArtifactInfo'], 'artifact-info\\/(?<name>.*)', {
    answer: (asked, found) => {
      const artifact = found.artifacts?.get(asked.params['name'] ?? '');
      return artifact ? { status: 200, json: infoOf(artifact) } : notFound;
    },
  }),
  ...both(['artifact', 'latestArtifact'], 'artifact-content\\/(?<name>.*)', {
    missing: ({ name = '' }) => missingScope(name),
    answer: (asked, found) => contentOf(asked, found),
  }),
];

/** The run that is asked about, and what it has left, if it is there. */
interface Found {
  readonly task: StoredTask | undefined;
  readonly runId: number;
  readonly artifacts: ReadonlyMap<string, StoredArtifact> | undefined;
}

function both(
  [method, latest]: readonly [string, string],
  path: string,
  call: Pick<Call, 'isPaged' | 'missing'> & {
    readonly answer: (asked: Asked, found: Found) => Answer;
  },
): readonly Call[] {
  const answer = (asked: Asked): Answer => {
    const found = find(asked);
    if ('problem' in found) return found;
    return call.answer(asked, found);
  };
  return [
    { ...call, method, path: new RegExp(`^${run}\\/${path}$`), answer },
    { ...call, method: latest, path: new RegExp(`^${task}\\/${path}$`), answer },
  ];
}

function find({ world, params }: Asked): Found | Extract<Answer, { readonly problem: string }> {
  const { taskId = '', runId } = params;
  const found = world.tasks.get(taskId);
  const last = found?.status.runs.at(-1)?.runId;
  if (runId === undefined && last === undefined) {
    const message = found ? "Task doesn't have any runs" : 'Task not found';
    return { problem: 'ResourceNotFound', message };
  }
  const number = Number(runId ?? last);
  return { task: found, runId: number, artifacts: found?.artifacts.get(number) };
}

const notFound: Answer = { problem: 'ResourceNotFound', message: 'Artifact not found' };

/** Everybody may get what is public. */
function missingScope(name: string): unknown {
  return name.startsWith('public/') ? undefined : { AllOf: [`queue:get-artifact:${name}`] };
}

/** As the database orders names: what is no letter counts last. */
const order = new Intl.Collator('en', { ignorePunctuation: true });

function list(
  { params: { taskId }, query }: Asked,
  { task: found, runId, artifacts }: Found,
): Answer {
  if (!found) return { problem: 'ResourceNotFound', message: 'Task not found' };
  if (!found.status.runs.some((one) => one.runId === runId)) {
    const message = `Task with taskId: \`${taskId}\` has no run with runId: ${runId}`;
    return { problem: 'ResourceNotFound', message };
  }
  const sorted = [...(artifacts?.values() ?? [])].toSorted((a, b) => order.compare(a.name, b.name));
  const { rows, ...more } = page(sorted, query, ({ name }) => [taskId, runId, name]);
  return { status: 200, json: { artifacts: rows.map(infoOf), ...more } };
}

function infoOf(artifact: StoredArtifact): object {
  const { storageType, name, expires, contentType } = artifact;
  if (!('content' in artifact)) return { storageType, name, expires, contentType };
  const contentLength = artifact.contentLength ?? sizeOf(artifact.content);
  return { storageType, name, expires, contentType, contentLength };
}

type Final = Exclude<StoredArtifact, { readonly storageType: 'link' }>;

/** The artifact that links lead to: the queue follows them itself. */
function followed({ params: { name = '' } }: Asked, { artifacts }: Found): Final | Answer {
  const names = [name];
  for (;;) {
    const artifact = artifacts?.get(names.at(-1) ?? '');
    if (!artifact) return notFound;
    if (new Date(artifact.expires) <= new Date()) {
      return { problem: 'ResourceExpired', message: 'Artifact expired' };
    }
    if (artifact.storageType !== 'link') return artifact;
    if (names.includes(artifact.target)) {
      return { problem: 'InputError', message: 'Artifact leads to a link cycle' };
    }
    names.push(artifact.target);
  }
}

function isAnswer(value: Final | Answer): value is Answer {
  return !('storageType' in value);
}

function redirect(asked: Asked, found: Found): Answer {
  const artifact = followed(asked, found);
  if (isAnswer(artifact)) return artifact;
  const { storageType } = artifact;
  const headers = { 'x-taskcluster-artifact-storage-type': String(storageType) };
  if (storageType === 'error') {
    const { reason, message } = artifact;
    return { status: 424, json: { reason, message }, headers };
  }
  const url = urlOf(asked, found, artifact);
  return { status: 303, json: { storageType, url }, headers: { ...headers, location: url } };
}

function contentOf(asked: Asked, found: Found): Answer {
  const artifact = followed(asked, found);
  if (isAnswer(artifact)) return artifact;
  const { storageType } = artifact;
  if (storageType === 'error') {
    const { reason, message } = artifact;
    return { status: 200, json: { storageType, reason, message } };
  }
  if (storageType !== 'object') {
    return { status: 200, json: { storageType, url: urlOf(asked, found, artifact) } };
  }
  const path = `${asked.params['taskId']}/${found.runId}/${artifact.name}`;
  const clientId = `artifact-download/${path}`;
  const credentials = { clientId, accessToken: 'none', certificate: '{}' };
  return { status: 200, json: { storageType, name: `t/${path}`, credentials } };
}

/** A public bucket's addresses are plain; the object service signs its own. */
function urlOf(
  { storage, params: { taskId } }: Asked,
  { runId }: Found,
  artifact: Exclude<Final, { readonly storageType: 'error' }>,
): string {
  if ('url' in artifact) return artifact.url;
  const path = encodeURI(`${taskId}/${runId}/${artifact.name}`);
  if (artifact.storageType === 's3') return `${storage}/public-bucket/${path}`;
  return `${storage}/object-bucket/t/${path}?X-Amz-Signature=${crypto.randomUUID()}`;
}

/** Where an artifact of a task's latest run lies, or why it can't be had. */
export function latestUrl(asked: Asked): string | Answer {
  const found = find(asked);
  if ('problem' in found) return found;
  const answer = redirect(asked, found);
  const location = 'headers' in answer ? answer.headers?.['location'] : undefined;
  return location ?? answer;
}
