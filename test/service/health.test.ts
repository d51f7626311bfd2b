import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { healthRoutes, serveRoutes } from '../../src/service/health.ts';

const closers: (() => void)[] = [];
afterEach(() => closers.splice(0).forEach((close) => close()));

async function serve(ready: () => Promise<readonly string[]>): Promise<string> {
  const version = { version: '1.2.3', source: 'https://example.org' };
  const routes = healthRoutes({ ready, version, metrics: async () => 'promote_image_up 1\n' });
  const server = await serveRoutes(routes, { port: 0, host: '127.0.0.1' });
  closers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('health', () => {
  it.each(['/livez', '/__lbheartbeat__', '/readyz', '/__heartbeat__'])(
    '%s answers 200',
    async (path) => {
      const answer = await fetch(`${await serve(async () => [])}${path}`);
      expect(answer.status).toBe(200);
      expect(await answer.json()).toMatchObject({ status: 'ok' });
    },
  );

  it('is not ready where something it needs does not answer, and says which; it lives all the same', async () => {
    const url = await serve(async () => ['Slack does not answer']);
    const answer = await fetch(`${url}/readyz`);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual({ status: 'error', problems: ['Slack does not answer'] });
    expect((await fetch(`${url}/livez`)).status).toBe(200);
  });

  it('is not ready where the check itself fails, and shows nothing of why', async () => {
    const url = await serve(() => Promise.reject(new Error('secret reason')));
    const answer = await fetch(`${url}/readyz`);
    expect(answer.status).toBe(503);
    expect(await answer.text()).not.toContain('secret reason');
  });

  it('tells its version and its metrics, and nothing else', async () => {
    const url = await serve(async () => []);
    expect(await (await fetch(`${url}/__version__?x=1`)).json()).toMatchObject({
      version: '1.2.3',
    });
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('promote_image_up 1');
    expect((await fetch(`${url}/env`)).status).toBe(404);
    expect((await fetch(`${url}/metrics`, { method: 'POST' })).status).toBe(404);
  });
});
