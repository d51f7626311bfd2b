import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Image } from '../src/domain/image.ts';
import { Revision, type TaskId } from '../src/domain/reference.ts';
import type { LocalTaskcluster } from './taskcluster.ts';
import { sha256Of, type Certificate } from './taskcluster/certificate.ts';
import { planningTask, type Decided } from './taskcluster/decision.ts';
import {
  actionDefinition,
  actionRoute,
  decisionDefinition,
  decisionRoutes,
} from './taskcluster/decision-definition.ts';
import {
  imageDefinition,
  imageRoutes,
  type Recipe,
  type TaskDefinition,
} from './taskcluster/definition.ts';
import { completedRun, ranTask } from './taskcluster/run.ts';
import { newTaskId } from './taskcluster/task-id.ts';
import type { Content, StoredArtifact, StoredRun } from './taskcluster/world.ts';

/** How a build differs from a proper one. Whatever is not given is as it should be. */
export interface Twists {
  /** 3 unless given. Level 1 has its own scheduler and routes; its pool is the image's unless `definition` changes it. */
  readonly level?: number;
  /** When the decision task created it; it ran for five minutes from then on. */
  readonly created?: Date;
  readonly indexHash?: string;
  /** Changes the definition, before the worker claims it. */
  readonly definition?: (definition: TaskDefinition) => void;
  /** The runs that the queue tells about; the artifacts belong to the last. */
  readonly runs?: (run: StoredRun) => readonly StoredRun[];
  /** Changes what the worker certifies, before it is signed. Bytes are signed as they are. */
  readonly certificate?: (certificate: Certificate) => object;
  /** Signs instead of the level-3 worker. */
  readonly sign?: ((document: Uint8Array) => Uint8Array) | 'unsigned';
  /** Changes the image artifact as the queue keeps it; `undefined` takes it away. */
  readonly artifact?: (artifact: StoredArtifact) => StoredArtifact | undefined;
  /** The push only names an older task in its label map: nothing was rebuilt. */
  readonly cachedAs?: TaskId;
  /** Which of the image's projects was pushed to; the first unless given. */
  readonly project?: string;
  /** Changes the decision task's definition, before its worker claims it. */
  readonly decision?: (definition: TaskDefinition) => void;
  /** Changes the task graph, before the decision task signs it. */
  readonly graph?: (graph: Record<string, object>) => object;
  /** The push is there already, with this decision task: only an action is new. */
  readonly pushedAs?: TaskId;
  /** An action of the group creates the image task, and not the decision task; its definition may be changed. */
  readonly action?: (definition: TaskDefinition) => void;
  /** `build-docker-image-<name>`, as before October 2024. */
  readonly olderLabel?: true;
}

export interface BuildToPublish extends Twists {
  readonly image: Image;
  readonly revision: string;
  /** `public/image.tar.zst`: bytes, a stream of them, or the path of a file that stays there. */
  readonly archive: Uint8Array | AsyncIterable<Uint8Array> | string;
}

export interface PublishedBuild {
  readonly taskId: TaskId;
  readonly runId: number;
  readonly revision: Revision;
  readonly decision: TaskId;
  readonly indexHash: string;
}

/**
 * Makes a push with its decision task and a signed level-3 image task, all of it in the real shape, and puts it into the
 * queue and the index. With `cachedAs` only the push is new.
 */
export async function publishBuild(
  taskcluster: LocalTaskcluster,
  wanted: BuildToPublish,
): Promise<PublishedBuild> {
  const taskId = wanted.cachedAs ?? newTaskId();
  const { build } = wanted.image;
  const source =
    build.sources.find(({ project }) => project === wanted.project) ?? build.sources[0];
  if (!source) throw new Error(`${wanted.image.name} is built from nowhere`);
  const recipe: Recipe = {
    build,
    source,
    action: wanted.action && newTaskId(),
    revision: wanted.revision,
    decision: wanted.pushedAs ?? newTaskId(),
    created: wanted.created ?? new Date(Date.now() - 60 * 60 * 1000),
    level: wanted.level ?? 3,
    indexHash: wanted.indexHash ?? randomBytes(32).toString('hex'),
  };
  const label = `${wanted.olderLabel ? 'build-' : ''}docker-image-${recipe.build.name}`;
  const made = wanted.cachedAs
    ? undefined
    : await putImageTask(taskcluster, wanted, { recipe, taskId, label });
  putPlanningTasks(taskcluster, wanted, {
    recipe,
    decided: { label, taskId, definition: made?.definition },
  });
  return {
    taskId,
    runId: made?.runId ?? 0,
    revision: Revision.parse(wanted.revision),
    decision: recipe.decision,
    indexHash: recipe.indexHash,
  };
}

/** The decision task of the push, and the action task where one created the image's. */
function putPlanningTasks(
  taskcluster: LocalTaskcluster,
  { decision: change, action: changeAction, graph, pushedAs }: Twists,
  { recipe, decided }: { readonly recipe: Recipe; readonly decided: Decided },
): void {
  const { created, decision: taskId, action } = recipe;
  const sign = (document: Uint8Array): Uint8Array => taskcluster.sign(document);
  if (!pushedAs) putDecisionTask();
  if (!action) return;
  const again = actionDefinition(recipe);
  changeAction?.(again);
  const acting = { taskId: action, definition: again, created, decided, graph };
  taskcluster.tasks.set(action, planningTask(acting, sign));
  taskcluster.index.set(actionRoute(recipe, action), action);

  function putDecisionTask(): void {
    const definition = decisionDefinition(recipe);
    change?.(definition);
    const own = action ? { ...decided, taskId: newTaskId(), definition: undefined } : decided;
    const planning = { taskId, definition, created, decided: own };
    taskcluster.tasks.set(
      taskId,
      planningTask({ ...planning, graph: action ? undefined : graph }, sign),
    );
    for (const route of decisionRoutes(recipe)) taskcluster.index.set(route, taskId);
  }
}

interface Placed {
  readonly recipe: Recipe;
  readonly taskId: TaskId;
  readonly label: string;
}

async function putImageTask(
  taskcluster: LocalTaskcluster,
  wanted: BuildToPublish,
  { recipe, taskId, label }: Placed,
): Promise<{ readonly definition: TaskDefinition; readonly runId: number }> {
  const definition = imageDefinition(recipe);
  definition.metadata.name = label;
  wanted.definition?.(definition);
  const proper = completedRun(recipe);
  const runs = wanted.runs?.(proper) ?? [proper];
  const runId = runs.at(-1)?.runId ?? 0;
  const { content, sha256 } = await store(taskcluster, wanted.archive, taskId);
  const image = {
    name: 'public/image.tar.zst',
    storageType: 's3',
    contentType: 'application/zstd',
    expires: definition.expires,
    content,
  } as const;
  const kept = wanted.artifact ? wanted.artifact(image) : image;
  const ran = ranTask({
    taskId,
    definition,
    runs,
    stored: kept ? [kept] : [],
    sha256s: { [image.name]: sha256 },
    certificate: wanted.certificate,
    sign: signerOf(taskcluster, wanted),
  });
  taskcluster.tasks.set(taskId, ran);
  for (const route of imageRoutes(recipe)) taskcluster.index.set(route, taskId);
  return { definition, runId };
}

function signerOf(
  taskcluster: LocalTaskcluster,
  { sign }: Twists,
): ((document: Uint8Array) => Uint8Array) | undefined {
  if (sign === 'unsigned') return undefined;
  return sign ?? ((document) => taskcluster.sign(document));
}

async function store(
  { folder }: LocalTaskcluster,
  archive: BuildToPublish['archive'],
  taskId: TaskId,
): Promise<{ readonly content: Content; readonly sha256: string }> {
  if (archive instanceof Uint8Array) return { content: archive, sha256: sha256Of(archive) };
  const file = typeof archive === 'string' ? archive : join(folder, taskId);
  if (typeof archive !== 'string') await pipeline(Readable.from(archive), createWriteStream(file));
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  const { size } = await stat(file);
  return { content: { file, size }, sha256: hash.digest('hex') };
}
