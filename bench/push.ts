import { basename } from 'node:path';
import { json } from 'node:stream/consumers';
import { PromotionError } from '../src/domain/errors.ts';
import { plainZlib, type CompressorSetting } from '../src/packing/setting.ts';
import type { Engine, KnownLayer } from '../src/ports.ts';
import { Secret } from '../src/domain/secret.ts';
import { createBuilds } from '../src/taskcluster/builds.ts';
import { builtWith } from './build.ts';
import type { Archive } from './data.ts';
import type { OurOutput, OurVariant } from './ours.ts';

/*
 * One push in a process of its own: the real engine and the real download, with what was approved. Reads what to do as
 * JSON from its standard input, prints one line when it is done.
 */
interface Order extends OurVariant {
  readonly archive: Archive;
  readonly rootUrl: string;
  readonly registryUrl: string;
  readonly target: { readonly name: string; readonly tag: string };
  readonly username: string;
  readonly password: string;
  readonly dockerHost: string | undefined;
  readonly ledger: readonly KnownLayer[];
}

const limits = { unpacked: 8 * 1024 ** 3, artifact: 8 * 1024 ** 3, downloadRate: 65_536 };
const order = (await json(process.stdin)) as Order;
const engine = await engineOf(order);
const start = performance.now();
let opened = 0;
const learned: KnownLayer[] = [];
const answer = await push();
const output: OurOutput = {
  seconds: (performance.now() - start) / 1000,
  opened,
  learned,
  written: process.resourceUsage().fsWrite * 512,
  answer,
};
console.log(JSON.stringify(output));

async function push(): Promise<OurOutput['answer']> {
  const { archive, rootUrl, target, username, password } = order;
  const builds = createBuilds({
    rootUrl,
    chainOfTrustKeys: [],
    limits,
    now: () => new Date(),
  });
  const build = builtWith(archive.facts.sha256, basename(archive.file));
  const { signal } = new AbortController();
  try {
    return await engine({
      target,
      contents: archive.contents,
      open: () => {
        opened += 1;
        return builds.open(build, { signal, approved: archive.facts });
      },
      credentials: { username, password: new Secret(password) },
      ledger: {
        find: async (diffIds) => order.ledger.filter(({ diffId }) => diffIds.includes(diffId)),
        add: async (layers) => void learned.push(...layers),
      },
      onProgress: () => undefined,
      beforeTag: async () => undefined,
      signal,
    });
  } catch (error) {
    if (!(error instanceof PromotionError)) throw error;
    return { reason: error.reason };
  }
}

/** Only what is needed is loaded, as the start is part of what is measured. */
async function engineOf(given: Order): Promise<Engine> {
  const registry = { url: given.registryUrl };
  if (given.engine === 'docker') {
    const { createDockerEngine } = await import('../src/docker/engine.ts');
    const { besideEngine } = await import('../src/registry/beside-engine.ts');
    return createDockerEngine({
      registry: besideEngine(registry),
      limits,
      dockerHost: given.dockerHost,
    });
  }
  const { createRegistryEngine } = await import('../src/registry/push.ts');
  return createRegistryEngine({ ...registry, limits, compressor: () => compressorOf(given) });
}

/** `auto` is what the bot takes by itself. */
async function compressorOf({ compressor }: Order): Promise<CompressorSetting> {
  if (compressor === 'zlib') return plainZlib;
  const { findCompressor } = await import('../src/packing/accelerator.ts');
  return await findCompressor(process.env['PATH']);
}
