import { createHash } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { readArchive } from '../archive/archive.ts';
import { createInspect } from '../archive/inspect.ts';
import type { LayerStream } from '../archive/layer.ts';
import { PromotionError } from '../domain/errors.ts';
import type { Bytes } from '../ports.ts';
import { digestFromHex } from '../domain/reference.ts';
import { CompressorFailure } from './compressor.ts';
import { Mailbox, Stopped } from './mailbox.ts';
import type { FromThread, Order, Packed } from './protocol.ts';
import { BackPressure } from './back-pressure.ts';
import { compressorOf } from './setting.ts';

/**
 * The thread in which an archive is unpacked, proven and packed again, so that nothing but plumbing is left for the
 * main one. It does one job and ends.
 */
const order = workerData as Order;
/** How often it is told how much is done: once in so many bytes. */
const often = 4 * 1024 * 1024;
if (!parentPort) throw new Error('This runs as a thread');
const mailbox = new Mailbox(parentPort, order);
const pressure = new BackPressure();
/** The last layer that was handed over, until it is proven. */
let unproven: Packed | undefined;
const result = await work();
if (result) mailbox.tell(result);
mailbox.close();

async function work(): Promise<FromThread | undefined> {
  const { job, limits } = order;
  try {
    if (job === 'inspect') {
      return { say: 'contents', contents: await createInspect(limits)(mailbox.bytes()) };
    }
    const archive = await readArchive(mailbox.bytes(), { limits, onLayer: pack });
    tellProven();
    return { say: 'archive', archive };
  } catch (error) {
    if (error instanceof Stopped) return undefined;
    if (error instanceof CompressorFailure) {
      return { say: 'compressor-failed', problem: error.message };
    }
    if (!(error instanceof PromotionError)) throw error;
    const { refusal, cause } = error;
    return { say: 'refused', refusal, cause: cause instanceof Error ? cause.message : undefined };
  }
}

/** Packs the layer and hands it over; one that is there already only passes. */
async function pack({ bytes, unhashed, ...layer }: LayerStream): Promise<void> {
  tellProven();
  if (!(await mailbox.announce(layer))) {
    for await (const _ of counted(unhashed ?? bytes, layer.index));
    return;
  }
  const passing = counted(bytes, layer.index);
  const hash = createHash('sha256');
  let size = 0;
  const compressor = compressorOf(order.compressor, { signal: mailbox.stopped, pressure });
  for await (const piece of compressor.compress(passing)) {
    hash.update(piece);
    size += piece.length;
    pressure.handed(piece.length, await mailbox.hand(piece));
  }
  mailbox.flush();
  unproven = { digest: digestFromHex(hash.digest('hex')), size };
}

/** The reader has gone on, so what was packed last is what its name claims: its upload may be completed. */
function tellProven(): void {
  if (unproven) mailbox.tell({ say: 'packed', packed: unproven });
  unproven = undefined;
}

async function* counted(bytes: Bytes, index: number): AsyncGenerator<Uint8Array> {
  let done = 0;
  let told = 0;
  for await (const chunk of bytes) {
    done += chunk.length;
    if (done - told >= often) {
      mailbox.tell({ say: 'done', index, bytes: done });
      told = done;
    }
    yield chunk;
  }
  mailbox.tell({ say: 'done', index, bytes: done });
}
