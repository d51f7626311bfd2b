import { canonicalHash } from '../domain/canonical.ts';
import { isRefusal, PromotionError, refuse, type Refusal, whatHappened } from '../domain/errors.ts';
import type { Image } from '../domain/image.ts';
import { refuseImpostor } from '../domain/impostor.ts';
import { findPinned } from './pinned.ts';
import { subject } from '../domain/commit-message.ts';
import type {
  ArtifactFacts,
  Contents,
  Plan,
  PlannedPin,
  PolicyHashes,
  TagNow,
  TagState,
  Target,
  TrustedBuild,
  Warning,
} from '../domain/plan.ts';
import type { Policy } from '../domain/policy.ts';
import type { Builds, Bytes, Inspect, Ledger, Published, Registry, Trees } from '../ports.ts';
import { parseReference, Tag, type Digest } from '../domain/reference.ts';
import type { Ask } from '../domain/ask.ts';

export interface PlanPorts {
  readonly builds: Builds;
  readonly inspect: Inspect;
  readonly registry: Registry;
  readonly trees: Trees;
  readonly ledger: Ledger;
  readonly published: Published;
}

export interface Planning {
  readonly image: Image;
  readonly policy: Policy;
  readonly ports: PlanPorts;
  readonly signal: AbortSignal;
  readonly now: () => Date;
  /** Called once the build is proven and its target known, before the artifact is streamed. */
  readonly onFound?: ((found: Found) => Promise<void>) | undefined;
  /** Sees the artifact’s bytes pass. `size` is what was announced. */
  readonly watch?: ((bytes: Bytes, size: number | undefined) => Bytes) | undefined;
}

export interface Found {
  readonly build: TrustedBuild;
  readonly target: Target;
  readonly tagNow: TagState;
}

/**
 * Command → Plan: which build, what it holds, which tag, what is under it, which pins will change. Nothing is written
 * anywhere and no credentials are used. A refusal is an answer; a broken world is thrown as a PromotionError.
 */
export async function makePlan(ask: Ask, planning: Planning): Promise<Plan | Refusal> {
  const found = await findBuild(ask, planning);
  if (isRefusal(found)) return found;
  await planning.onFound?.(found);
  const [streamed, pinned] = await both(
    planning.signal,
    (signal) => streamArtifact(found.build, planning, signal),
    () => findPinned({ ...planning, target: found.target }),
  );
  const { contents, artifact } = streamed;
  const tagNow = await judgeTag(found, contents, { ...planning, ask });
  if (isRefusal(tagNow)) return tagNow;
  const { policy, image } = planning;
  const mercurial = await compareMercurial(contents, pinned.pins, planning);
  return {
    image: image.name,
    asked: ask.build,
    build: found.build,
    artifact,
    contents,
    registry: policy.registry.url,
    engine: policy.registry.engine,
    target: found.target,
    tagNow,
    pins: pinned.pins,
    trees: pinned.trees,
    warnings: [...warnings(ask, found, planning), ...mercurial, ...pinned.warnings],
    message: subject(image, { tag: found.target.tag, bug: ask.bug }),
    policy: hashPolicy(policy, image),
  };
}

/** The parts of the configuration that a promotion of this image stands on, each as one hash. */
export function hashPolicy(policy: Policy, image: Image): PolicyHashes {
  return {
    approval: canonicalHash(policy.approval),
    taskcluster: canonicalHash(policy.taskcluster),
    registry: canonicalHash(policy.registry),
    image: canonicalHash(image),
  };
}

async function findBuild(ask: Ask, planning: Planning): Promise<Found | Refusal> {
  const { image, ports } = planning;
  const taskId = await ports.builds.find(image, ask.build);
  if (isRefusal(taskId)) return taskId;
  const build = await ports.builds.verify(image, taskId);
  if (isRefusal(build)) return build;
  const target = await chooseTarget(ask, build, planning);
  if (isRefusal(target)) return target;
  return { build, target, tagNow: await ports.registry.look(target) };
}

/** Where the build belongs: the image’s name, and the tag that its rule gives unless one was asked for. */
export async function chooseTarget(
  ask: Ask,
  build: TrustedBuild,
  { image, ports }: Pick<Planning, 'image'> & { readonly ports: Pick<PlanPorts, 'trees'> },
): Promise<Target | Refusal> {
  const name = image.publish;
  if (ask.tag !== undefined) return { name, tag: ask.tag };
  const rule = image.tag;
  switch (rule.from) {
    case 'revision':
      return { name, tag: build.revision };
    case 'index-hash':
      return { name, tag: `${rule.prefix}${build.indexHash}` };
    case 'version-file': {
      const text = await ports.trees.file(build.repository, build.revision, rule.path);
      if (isRefusal(text)) return text;
      const tag = Tag.safeParse(text.trim());
      if (tag.success) return { name, tag: tag.data };
      const { revision, repository } = build;
      const problem = `it holds “${text.trim().slice(0, 40)}”`;
      return refuse('no-version', { path: rule.path, revision, repository, problem });
    }
  }
}

async function streamArtifact(
  build: TrustedBuild,
  { ports, watch = (bytes) => bytes }: Planning,
  signal: AbortSignal,
): Promise<{ readonly contents: Contents; readonly artifact: ArtifactFacts }> {
  const opened = await ports.builds.open(build, { signal });
  const contents = await ports.inspect(watch(opened.bytes, opened.size));
  return { contents, artifact: opened.facts() };
}

/**
 * A tag that holds another image is never overwritten. One that holds this very image is no obstacle; but what the
 * registry says of it is no proof: either we published it ourselves, or each of its layers is proven.
 */
async function judgeTag(
  { target, tagNow }: Found,
  contents: Contents,
  { ports, ...wanted }: Planning & { readonly ask: Ask },
): Promise<TagNow | Refusal> {
  if (tagNow.state !== 'holds') return tagNow;
  const { digest, imageId } = tagNow;
  if (imageId !== contents.imageId) return refuseTaken(target, digest, wanted);
  if (await ports.published(target, digest)) return { state: 'published', digest };
  const { ledger } = ports;
  const proof = await ports.registry.prove({ name: target.name, digest, contents, ledger });
  if (!('problem' in proof)) return { state: 'found', digest };
  return refuseImpostor({ target, digest, problem: proof.problem });
}

function refuseTaken(
  target: Target,
  digest: Digest,
  { ask, image }: { readonly ask: Ask; readonly image: Image },
): Refusal {
  const facts = { target: `${target.name}:${target.tag}`, digest };
  if (image.tag.from !== 'version-file' || ask.tag !== undefined) return refuse('tag-taken', facts);
  return refuse('version-not-bumped', { ...facts, path: image.tag.path });
}

function warnings(
  ask: Ask,
  { build, tagNow }: Found,
  { image, policy, now }: Planning,
): readonly Warning[] {
  const list: Warning[] = [];
  if (Date.parse(build.expires) < now().getTime() + policy.approval.expires) {
    list.push({ warning: 'expires-early', expires: build.expires });
  }
  if (build.decision === 'none') {
    list.push({ warning: 'own-word', repository: build.repository, revision: build.revision });
  }
  if (ask.build.by === 'revision' && ask.build.revision !== build.revision) {
    list.push({ warning: 'cached', asked: ask.build.revision, built: build.revision });
  }
  if (tagNow.state === 'unseen') list.push({ warning: 'tag-unseen' });
  if (ask.tag !== undefined) list.push({ warning: 'tag-given', rule: image.tag.from });
  return list;
}

/** An older Mercurial can't read what a newer one cloned, and workers share the checkout cache. */
async function compareMercurial(
  contents: Contents,
  pins: readonly PlannedPin[],
  { image, ports }: Planning,
): Promise<readonly Warning[]> {
  const to = contents.mercurial;
  const pinned = pins
    .map(({ from }) => parseReference(from))
    .find((reference) => reference?.name === image.publish);
  if (to === undefined || !pinned) return [];
  try {
    const before = await ports.registry.inspect(pinned.name, pinned.digest);
    const from = before.mercurial ?? 'none';
    return from === to ? [] : [{ warning: 'mercurial-changed', from, to }];
  } catch (error) {
    if (!(error instanceof PromotionError)) throw error;
    return [{ warning: 'mercurial-unknown', to, problem: whatHappened(error) }];
  }
}

/** Both at once; where one fails the other is told to stop, and has stopped, before the failure goes on. */
async function both<A, B>(
  signal: AbortSignal,
  first: (signal: AbortSignal) => Promise<A>,
  second: (signal: AbortSignal) => Promise<B>,
): Promise<[A, B]> {
  const stop = new AbortController();
  const combined = AbortSignal.any([signal, stop.signal]);
  const run = async <T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    try {
      return await work(combined);
    } catch (error) {
      stop.abort(error);
      throw error;
    }
  };
  const [a, b] = await Promise.allSettled([run(first), run(second)]);
  if (stop.signal.aborted) throw stop.signal.reason;
  if (a.status === 'rejected') throw a.reason;
  if (b.status === 'rejected') throw b.reason;
  return [a.value, b.value];
}
