import { inspect } from 'node:util';
import { expect } from 'vitest';
import type { LocalImage } from '../../../local/image.ts';
import { startRegistry, type LocalRegistry } from '../../../local/registry.ts';
import type { Fault, Step, When } from '../../../local/registry/faults.ts';
import { startTokenService, type TokenService } from '../../../local/token-service.ts';
import { PromotionError } from '../../../src/domain/errors.ts';
import { createRegistryEngine } from '../../../src/registry/push.ts';
import type { Clock, Timing } from '../../../src/registry/timing.ts';
import type { ChunkSizes } from '../../../src/registry/window.ts';
import type { Pushed } from '../../../src/domain/states.ts';
import {
  account,
  canary,
  limits,
  pushOf,
  type PushOptions,
  type TestPush,
} from '../registry/push.ts';

/** Everything is given up soon, so that a test ends soon. */
export const timing: Timing = {
  idle: 250,
  answer: 500,
  total: 10_000,
  attempts: 3,
  backoff: 100,
  maxBackoff: 400,
  patience: 30_000,
};

/** Small, so that a small image goes up in several. */
const smallChunks: ChunkSizes = { least: 50_000, most: 100_000 };

/** Where a push goes unless it says otherwise. */
export const target = { name: 'mozillareleases/build-decision', tag: '1.0.0' };

export const forever = { times: Infinity };

export const answers = (status: number, headers = {}): Fault => ({
  fault: 'answer',
  status,
  headers,
});

/** Faults of the wire: something was done, and no answer comes. */
export const silences: Readonly<Record<string, Fault>> = {
  'the connection breaks': { fault: 'lose-reply' },
  'the registry closes its side': { fault: 'half-close' },
  'nothing comes': { fault: 'stall' },
  'nothing comes after the head': { fault: 'hang' },
  'a byte comes now and then': { fault: 'drip-head', every: 40 },
};

/** What, why, what next: as a person reads it. */
export const words: Readonly<Record<string, RegExp>> = {
  'registry-failed':
    /^The registry failed at (the|an) .+: \d{3}(; the tag is set, to sha256:\w{64})?\. Press Retry; what is there already is not sent again\.$/,
  'registry-busy':
    /^The registry asked to slow down \(429\) for longer than 30 s(; the tag is set, to sha256:\w{64})?\. Press Retry later; what is there already is not sent again\.$/,
  'registry-unreachable':
    /^The registry did not answer (the|an) .+: (the connection broke|nothing came for 0\.25 s|it took too long)(; the tag is set, to sha256:\w{64})?\. Press Retry in a few minutes; what is there already is not sent again\.$/,
};

/** A clock whose sleeps take no time, but are remembered. */
function quickClock(): Clock & { readonly slept: number[] } {
  const slept: number[] = [];
  let skew = 0;
  return {
    slept,
    now: () => Date.now() + skew,
    sleep: async (ms) => {
      slept.push(ms);
      skew += ms;
    },
    random: () => 0.5,
  };
}

/** A registry with a token service in front, and an engine that pushes to it. */
export interface FaultyWorld extends AsyncDisposable {
  readonly registry: LocalRegistry;
  readonly tokens: TokenService;
  readonly clock: ReturnType<typeof quickClock>;
  /** Plans a fault where it belongs. */
  fault(step: Step, fault: Fault, when?: When): void;
  push(
    image: LocalImage,
    options?: PushOptions,
  ): Promise<{ outcome: Outcome; push: TestPush; ms: number }>;
  /** How many requests of that step arrived. */
  count(step: Step): number;
  close(): Promise<void>;
}

export type Outcome = Pushed | { readonly reason: string; readonly error: PromotionError };

interface WorldOptions {
  readonly timing?: Partial<Timing>;
  readonly chunks?: ChunkSizes;
  readonly mayPush?: (user: string, name: string) => boolean;
  /** @default tokens */
  readonly access?: 'tokens' | 'password';
}

export async function faultyWorld(options: WorldOptions = {}): Promise<FaultyWorld> {
  const { username } = account();
  const mayPush = options.mayPush ? { mayPush: options.mayPush } : {};
  const tokens = await startTokenService({ accounts: { [username]: canary }, ...mayPush });
  const byPassword = { accounts: { [username]: canary } };
  const registry = await startRegistry(options.access === 'password' ? byPassword : { tokens });
  const clock = quickClock();
  const engine = createRegistryEngine({
    url: registry.url,
    limits,
    chunks: options.chunks ?? smallChunks,
    clock,
    timing: { ...timing, ...options.timing },
  });
  return {
    registry,
    tokens,
    clock,
    fault: (step, fault, when) =>
      (step === 'token' ? tokens : registry).faults.add(step, fault, when),
    count: (step) => registry.requests.filter((request) => request.step === step).length,
    async push(image, given) {
      const push = pushOf(image, given);
      const started = performance.now();
      const outcome = await engine(push).catch(failed);
      checkTags(registry);
      return { outcome, push, ms: performance.now() - started };
    },
    close,
    [Symbol.asyncDispose]: close,
  };

  async function close(): Promise<void> {
    await registry.close();
    await tokens.close();
  }
}

/** Most of a test is waiting for something that does not come: each has a world of its own, several at once. */
export function inWorld<T extends readonly unknown[]>(
  body: (world: FaultyWorld, ...given: T) => Promise<void>,
): (...given: T) => Promise<void> {
  return async (...given) => {
    await using world = await faultyWorld();
    await body(world, ...given);
  };
}

/** Whatever happens, no tag may ever show an image of which a part is missing. */
function checkTags({ store }: LocalRegistry): void {
  for (const { tags, manifests, blobs } of store.repositories.values()) {
    for (const digest of tags.values()) {
      const { config, layers } = JSON.parse(String(manifests.get(digest)?.bytes)) as {
        config: { digest: string };
        layers: { digest: string }[];
      };
      for (const part of [config, ...layers]) expect(blobs.has(part.digest)).toBe(true);
    }
  }
}

/** An error must have a reason, and must not hold what nobody may see. */
function failed(error: unknown): Outcome {
  if (!(error instanceof PromotionError)) throw error;
  const shown = inspect(error, { depth: Infinity, showHidden: true }) + JSON.stringify(error);
  const { username } = account();
  const secrets = [
    canary,
    Buffer.from(`${username}:${canary}`).toString('base64'),
    'Bearer ',
    'eyJ',
  ];
  for (const secret of secrets) expect(shown).not.toContain(secret);
  return { reason: error.reason, error };
}

/** The reason of a failure, or `published`. */
export function resultOf(outcome: Outcome): string {
  return 'reason' in outcome ? outcome.reason : 'published';
}

/** What the tag holds, straight from the stand-in’s memory. */
export function tagged(world: FaultyWorld): string | undefined {
  return world.registry.store.repositories.get(target.name)?.tags.get(target.tag);
}

/** The registry is itself again, and the same push works. */
export async function expectHealed(world: FaultyWorld, image: LocalImage): Promise<void> {
  world.registry.faults.clear();
  expectPublished(world, (await world.push(image)).outcome);
}

export function expectPublished(world: FaultyWorld, outcome: Outcome): void {
  expect(resultOf(outcome)).toBe('published');
  expect(tagged(world)).toBe('digest' in outcome && outcome.digest);
}

/** What a person is told of a failure. */
export function toldOf(outcome: Outcome): string {
  return 'error' in outcome ? outcome.error.message : 'it is published';
}
