import type Docker from 'dockerode';

/**
 * The last line that a container without a terminal printed: on stderr where it used that, on stdout otherwise. The
 * engine reads the two streams side by side, so that their order among each other tells nothing.
 */
export async function lastLine(container: Docker.Container): Promise<string> {
  for (const stream of ['stderr', 'stdout']) {
    const log = await container.logs({ [stream]: true, follow: false, tail: 20 });
    const line = framesIn(log)
      .join('')
      .split('\n')
      .findLast((text) => text.trim() !== '');
    if (line !== undefined) return line;
  }
  return '';
}

/**
 * stdout and stderr come as frames: one byte for the stream, three empty ones, four for the length.
 * @see https://docs.docker.com/reference/api/engine/ (`/containers/{id}/attach`, stream format)
 */
function framesIn(log: Buffer): readonly string[] {
  const frames: string[] = [];
  for (let at = 0; at + 8 <= log.length;) {
    const end = at + 8 + log.readUInt32BE(at + 4);
    frames.push(log.subarray(at + 8, end).toString('utf8'));
    at = end;
  }
  return frames;
}
