import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createTrees, type TreesOptions } from '../../src/source/trees.ts';

const node = 'a'.repeat(40);

/** A server that answers as told, and what it was asked. */
async function serve(listener: RequestListener) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    listener(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    asked,
    source: { hg: `http://127.0.0.1:${port}/r`, branch: 'default', files: ['f'] },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function trees(options: Partial<TreesOptions> = {}) {
  return createTrees({ environment: process.env, ...options });
}

describe('a source tree over Mercurial’s HTTP', () => {
  it('is asked again, once, after trouble that may pass', async () => {
    const troubles = [503, 0, 200, 429, 200];
    await using server = await serve((request, response) => {
      const status = troubles.shift();
      if (!status) return response.destroy();
      response.writeHead(status);
      return response.end(request.url?.includes('json-rev') ? JSON.stringify({ node }) : 'x');
    });
    await expect(trees().read(server.source, [])).rejects.toMatchObject({
      reason: 'tree-unreachable',
      facts: { source: server.source.hg, problem: 'the connection broke' },
    });
    expect(server.asked).toHaveLength(2);
    const tree = await trees().read(server.source, []);
    expect(tree).toMatchObject({ revision: node, files: [{ path: 'f' }] });
    expect(server.asked).toEqual([
      ...Array<string>(3).fill('/r/json-rev/default'),
      ...Array<string>(2).fill(`/r/raw-file/${node}/f`),
    ]);
  });

  it.each([
    [302, 'it redirects to another address, which is not followed'],
    [403, 'its server answered 403'],
    [500, 'its server answered 500'],
  ])('says what a %i means, and follows nothing', async (status, problem) => {
    await using server = await serve((_, response) => {
      response.writeHead(status, { location: '/elsewhere' }).end();
    });
    await expect(trees().read(server.source, [])).rejects.toMatchObject({ facts: { problem } });
    expect(server.asked).not.toContain('/elsewhere');
  });

  it.each(['<html>', '{}', '{"node":"tip"}', `{"node":"${node}/../x"}`])(
    'does not believe %s',
    async (body) => {
      await using server = await serve((_, response) => void response.end(body));
      await expect(trees().read(server.source, [])).rejects.toMatchObject({
        facts: { problem: 'its answer is not that of a Mercurial server' },
      });
    },
  );

  it('gives up on an answer that never ends', async () => {
    await using server = await serve((_, response) => void response.write('{'));
    const impatient = trees({ timeouts: { hgMs: 300 } });
    await expect(impatient.read(server.source, [])).rejects.toMatchObject({
      facts: { problem: 'no answer within 0.3 s' },
    });
  });

  it('stops reading a file that is larger than allowed', async () => {
    let sent = 0;
    const endless = function* () {
      for (; ; sent += 65_536) yield Buffer.alloc(65_536);
    };
    await using server = await serve((request, response) => {
      if (request.url?.includes('json-rev')) return void response.end(JSON.stringify({ node }));
      return void Readable.from(endless()).pipe(response);
    });
    const small = trees({ limits: { fileBytes: 100_000 } });
    await expect(small.read(server.source, [])).rejects.toMatchObject({
      facts: { problem: 'it is larger than allowed' },
    });
    expect(sent).toBeLessThan(20_000_000);
  });
});
