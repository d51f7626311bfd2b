import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  certificateArtifacts,
  encode,
  type Certificate,
} from '../../local/taskcluster/certificate.ts';
import { statusOf } from '../../local/taskcluster/run.ts';
import type { TaskDefinition } from '../../local/taskcluster/definition.ts';
import type { StoredTask } from '../../local/taskcluster/world.ts';
import { isRefusal } from '../../src/domain/errors.ts';
import type { TaskId } from '../../src/domain/reference.ts';
import { mutants, type Mutant } from '../helpers/taskcluster/mutate.ts';
import { image, setting, someBytes, trusted, unbound } from '../helpers/taskcluster/setting.ts';

const given = setting();

interface Documents {
  readonly definition: TaskDefinition;
  readonly status: StoredTask['status'];
  readonly certificate: Certificate;
}

let taskId: TaskId;
let good: Documents;

beforeAll(async () => {
  const { builds, publish, taskcluster } = given();
  const published = await publish({ archive: someBytes(100) });
  await trusted(builds(), published);
  taskId = published.taskId;
  const { definition, status } = taskcluster.tasks.get(taskId) as StoredTask & {
    definition: TaskDefinition;
  };
  const certificate = JSON.parse(Buffer.from(await certified()).toString()) as Certificate;
  good = { definition, status, certificate };
});

async function certified(): Promise<Uint8Array> {
  const { taskcluster } = given();
  const response = await fetch(
    `${taskcluster.rootUrl}/api/queue/v1/task/${taskId}/runs/0/artifacts/public/chain-of-trust.json`,
  );
  return new Uint8Array(await response.arrayBuffer());
}

/** What is said about a task that the queue and a level-3 worker tell about like this. */
async function outcomeOf(documents: Partial<Documents>, of = unbound): Promise<string> {
  const { taskcluster, builds } = given();
  const { definition, status, certificate } = { ...good, ...documents };
  const task = taskcluster.tasks.get(taskId);
  const artifacts = task?.artifacts.get(0);
  if (!task || !artifacts) throw new Error('the task is gone');
  const document = encode(certificate);
  const expires = '2099-01-01T00:00:00.000Z';
  for (const artifact of certificateArtifacts(document, taskcluster.sign(document), expires)) {
    artifacts.set(artifact.name, artifact);
  }
  Object.assign(task, { definition, status });
  try {
    const outcome = await builds().verify(of, taskId);
    return isRefusal(outcome) ? outcome.reason : 'accepted';
  } catch (error) {
    return `thrown: ${error instanceof Error && 'reason' in error ? String(error.reason) : String(error)}`;
  }
}

/** Nothing is proven by these, so that they may be anything. What the part stands for, and why that is so. */
const irrelevantDefinition: readonly (readonly [RegExp, string])[] = [
  [/^(priority|retries|requires|dependencies)\b/, 'when it runs, not what it is'],
  [/^projectId (?!gone|is)/, 'Taskcluster’s own grouping; the status has to agree'],
  [/^projectId (gone|is (empty|null))/, 'the same: missing means “none”'],
  [/^taskGroupId /, 'which push created it: the decision task’s to say'],
  [/^scopes\b/, 'what the task may do elsewhere; it can’t widen what it may be'],
  [/^routes\.[1-4]\b/, 'how else it can be found: only the hash route counts'],
  [
    /^payload\.(image|maxRunTime|onExitStatus|artifacts)\b/,
    'the recipe, as landed at the built commit',
  ],
  [/^payload\.env\.(CONTEXT_TASK_ID|CONTEXT_PATH|HASH|DOCKER_\w+)\b/, 'the recipe'],
  [/^payload\.env\.(MOZ_AUTOMATION|SCCACHE_DISABLE)\b/, 'the recipe'],
  [/^payload\.env\.(VCS_BASE_REPOSITORY|VCS_REPOSITORY_TYPE)\b/, 'where the head was cloned from'],
  [/^payload\.env\.PROJECT gone/, 'some tasks have none; the repository is compared anyway'],
  [
    /^payload\.(env\.|features\.)?unexpected\b/,
    'a variable, feature or setting that says nothing of trust',
  ],
  [/^(metadata\.(owner|description)|metadata\.unexpected)\b/, 'words for people'],
  [/^metadata\.source \+ x/, 'a file in the trusted repository, whichever'],
  [
    /^(tags|extra|unexpected)\b/,
    'words for tools; none is asked, but whether one tells of a pull request',
  ],
  [/^(provisionerId|workerType|taskQueueId) gone/, 'older tasks name the pool one way only'],
];

const irrelevantStatus: readonly (readonly [RegExp, string])[] = [
  [/^(retriesLeft|priority)\b/, 'what would happen if it failed, and when'],
  [/^unexpected\b|^runs\.0\.unexpected\b/, 'newer queues may say more'],
  [/^runs\.0\.(reasonCreated|scheduled|started|takenUntil)\b/, 'why and when it began'],
  [/^projectId gone/, 'older queues do not say it; missing means “none”'],
  [/^(provisionerId|workerType) /, 'the pool, which taskQueueId names as well'],
  [/^taskQueueId gone/, 'the pool, which its two parts name as well'],
];

const irrelevantCertificate: readonly (readonly [RegExp, string])[] = [
  [/^task\.priority\b/, 'when it runs; the queue’s keeper may change it'],
  [/^environment\.\w+ (gone|\+ x|x \+|is empty)/, 'which machine it was: no promise hangs on it'],
  [/^artifacts\.public\/logs\/certified\.log( gone|\.sha256 gone)/, 'another artifact, not used'],
  [
    /^task\.(provisionerId|workerType|taskQueueId) gone/,
    'the pool; older workers name it one way only',
  ],
];

let tried = 0;
let ignored = 0;

async function survivors(
  list: readonly Mutant[],
  outcome: (value: never) => Promise<string>,
  irrelevant: readonly (readonly [RegExp, string])[],
): Promise<readonly string[]> {
  const wrong: string[] = [];
  const unused = new Set(irrelevant);
  for (const { what, value } of list) {
    const said = await outcome(value as never);
    const known = irrelevant.find(([pattern]) => pattern.test(what));
    tried += 1;
    if (said === 'accepted' && known) {
      ignored += 1;
      unused.delete(known);
    }
    if ((said === 'accepted' && !known) || said.startsWith('thrown: T'))
      wrong.push(`${what}: ${said}`);
  }
  // A pattern that excuses nothing would only hide what somebody breaks later.
  return [...wrong, ...[...unused].map(([pattern]) => `${pattern.source}: excuses nothing`)];
}

describe('one change of one field', () => {
  it('is nothing that the good documents need', async () => {
    expect(await outcomeOf({})).toBe('accepted');
  });

  it('of the queue’s definition is refused: a worker has signed another', async () => {
    const list = mutants(good.definition);
    const wrong = await survivors(list, (definition) => outcomeOf({ definition }), [
      [
        /^(provisionerId|workerType|taskQueueId) gone/,
        'the pool; older queues name it one way only',
      ],
      [/^priority\b/, 'when it runs; the queue’s keeper may change it'],
    ]);
    expect(wrong).toEqual([]);
  });

  it('of the definition that was really run is refused where trust hangs on it', async () => {
    const list = mutants(good.definition);
    const wrong = await survivors(
      list,
      (definition: TaskDefinition) =>
        outcomeOf({
          definition,
          status: statusOf(taskId, definition, good.status.runs),
          certificate: { ...good.certificate, task: definition },
        }),
      irrelevantDefinition,
    );
    expect(wrong).toEqual([]);
  });

  it('of the recipe is refused: the decision task has planned another', async () => {
    const recipe = /^(payload|routes|scopes|metadata|tags|extra|unexpected|taskGroupId)\b/;
    const excused = mutants(good.definition).filter(
      ({ what }) =>
        recipe.test(what) && irrelevantDefinition.some(([pattern]) => pattern.test(what)),
    );
    const wrong = await survivors(
      excused,
      (definition: TaskDefinition) =>
        outcomeOf(
          {
            definition,
            status: statusOf(taskId, definition, good.status.runs),
            certificate: { ...good.certificate, task: definition },
          },
          image,
        ),
      [],
    );
    expect(wrong).toEqual([]);
    expect(excused.length).toBeGreaterThan(20);
  });

  it('of the status is refused where trust hangs on it', async () => {
    const wrong = await survivors(
      mutants(good.status),
      (status) => outcomeOf({ status }),
      irrelevantStatus,
    );
    expect(wrong).toEqual([]);
  });

  it('of the certificate, signed by a level-3 worker, is refused where trust hangs on it', async () => {
    const wrong = await survivors(
      mutants(good.certificate),
      (certificate) => outcomeOf({ certificate }),
      irrelevantCertificate,
    );
    expect(wrong).toEqual([]);
  });

  afterAll(() => {
    const count = `${tried} mutants: ${tried - ignored} refused, ${ignored} in fields listed as irrelevant`;
    console.log(`${count}, 0 accepted otherwise`);
    expect(tried).toBeGreaterThan(400);
  });
});
