import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/*
 * A process that stands for a link: everything to and from a port goes through it, in each direction at so many bytes a
 * second in all, however many connections share it. It tells its port.
 */
const [, , target = '', rate = ''] = process.argv;
const bytesPerMs = Number(rate) / 1000;
/** Milliseconds that bytes may be ahead of their time: timers are no finer. */
const early = 4;
/** Milliseconds that may be made up for, when a timer or this process was late. */
const late = 50;

/** When everything that was let through in one direction would have passed the link. */
class Lane {
  #free = 0;

  /** Milliseconds until these bytes may be followed by others. */
  take(bytes: number): number {
    const now = performance.now();
    this.#free = Math.max(this.#free, now - late) + bytes / bytesPerMs;
    return this.#free - now;
  }
}

const there = new Lane();
const back = new Lane();

const server = createServer({ noDelay: true }, (client) => {
  const far = connect({ port: Number(target), host: '127.0.0.1', noDelay: true });
  pass(client, far, there);
  pass(far, client, back);
});

server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port }));
});

/** Bytes are let through at once and the next are waited for: a link that is idle adds nothing. */
function pass(from: Socket, to: Socket, lane: Lane): void {
  let isFull = false;
  let isEarly = false;
  const goOn = (): void => {
    if (!isFull && !isEarly) from.resume();
  };
  from.on('data', (chunk: Buffer) => {
    isFull = !to.write(chunk);
    const wait = lane.take(chunk.length);
    isEarly = wait > early;
    if (isEarly) {
      setTimeout(
        () => {
          isEarly = false;
          goOn();
        },
        wait - early / 2,
      );
    }
    if (isFull || isEarly) from.pause();
  });
  to.on('drain', () => {
    isFull = false;
    goOn();
  });
  from.on('end', () => to.end());
  from.on('error', () => to.destroy());
  from.on('close', () => to.destroy());
}
