import type Docker from 'dockerode';

/** The last line that a container without a terminal printed, on whichever stream. */
export async function lastLine(container: Docker.Container): Promise<string> {
  const log = await container.logs({ stdout: true, stderr: true, tail: 20 });
  const lines = framesIn(log).join('').split('\n');
  return lines.findLast((line) => line.trim() !== '') ?? '';
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
