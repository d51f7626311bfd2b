import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream';

/*
 * A process that hands out the archives of a folder as the queue and its storage do: a 303 that names the kind of
 * storage, then the file, whole or from some byte on. It tells its port, and at /downloads how many files it handed out.
 */
const [, , folder = '.'] = process.argv;
let downloads = 0;

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => response.destroy(error as Error));
});

server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port }));
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = decodeURIComponent(request.url ?? '/');
  if (path === '/downloads') {
    response.end(String(downloads));
  } else if (path.startsWith('/api/queue/')) {
    const location = `http://${request.headers.host ?? ''}/storage/${basename(path)}`;
    response.writeHead(303, { location, 'x-taskcluster-artifact-storage-type': 's3' }).end();
  } else {
    await sendFile(join(folder, basename(path)), request, response);
  }
}

async function sendFile(
  file: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { size } = await stat(file);
  const asked = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1];
  const start = Number(asked ?? 0);
  response.writeHead(asked === undefined ? 200 : 206, {
    'content-length': size - start,
    ...(asked === undefined ? {} : { 'content-range': `bytes ${start}-${size - 1}/${size}` }),
  });
  downloads += 1;
  pipeline(createReadStream(file, { start, highWaterMark: 512 * 1024 }), response, () => undefined);
}
