import type { lookup } from 'node:dns';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { Agent, request } from 'undici';
import { addressProblem, urlProblem, vettedLookup } from '../../src/net/addresses.ts';
import { createHttp, defaultTimeouts } from '../../src/taskcluster/http.ts';

const outside = { loopback: false };
const local = { loopback: true };

describe('an address that a redirect leads to', () => {
  it.each([
    'https://firefoxci.taskcluster-artifacts.net/a/0/public/image.tar.zst',
    'https://storage.googleapis.com/bucket/a?X-Goog-Signature=1',
    'https://1.1.1.1/',
    'https://[2606:4700::1111]/',
    'https://storage.example:8443/',
  ])('may be %s', (url) => {
    expect(urlProblem(new URL(url), outside)).toBeUndefined();
    expect(urlProblem(new URL(url), local)).toBeUndefined();
  });

  it.each([
    'http://storage.example/',
    'file:///etc/passwd',
    'ftp://storage.example/',
    'data:text/plain,x',
    'https://user@storage.example/',
    'https://user:password@storage.example/',
    'https://10.0.0.1/',
    'https://172.16.0.1/',
    'https://192.168.1.1/',
    'https://169.254.169.254/',
    'https://100.64.0.1/',
    'https://0.0.0.0/',
    'https://0/',
    'https://224.0.0.1/',
    'https://255.255.255.255/',
    'https://167772161/', // 10.0.0.1
    'https://0x0a000001/',
    'https://012.0.0.1/',
    'https://[fd00::1]/',
    'https://[fe80::1]/',
    'https://[::]/',
    'https://[::ffff:10.0.0.1]/',
    'https://[64:ff9b::10.0.0.1]/',
    'https://[2002:0a00:0001::]/',
  ])('is never %s', (url) => {
    expect(urlProblem(new URL(url), outside)).toBeDefined();
    expect(urlProblem(new URL(url), local)).toBeDefined();
  });

  it.each([
    'https://localhost/',
    'http://localhost:8080/',
    'https://LOCALHOST./',
    'https://evil.localhost/',
    'https://127.0.0.1/',
    'https://127.1/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://[::1]/',
  ])('is %s only where Taskcluster itself is on loopback', (url) => {
    expect(urlProblem(new URL(url), outside)).toBeDefined();
    expect(urlProblem(new URL(url), local)).toBeUndefined();
  });
});

describe('an address that DNS gives', () => {
  it('is no loopback address in disguise', () => {
    expect(addressProblem('::ffff:127.0.0.1', outside)).toBeDefined();
    expect(addressProblem('fe80::1%eth0', outside)).toBeDefined();
    expect(addressProblem('not an address', outside)).toBeDefined();
  });

  it('refuses the whole name where one of its addresses is private', async () => {
    expect(await looked([['1.1.1.1'], ['10.0.0.1']])).toBe('10.0.0.1 is not a public address');
    expect(await looked([['1.1.1.1'], ['2606:4700::1111']])).toBe('"1.1.1.1"');
    expect(await looked([['127.0.0.1']])).toBe('127.0.0.1 is a loopback address');
    expect(await looked([])).toBe('storage.example has no address');
  });

  it('is checked when the connection is made, not when the name was first seen', async () => {
    let served = 0;
    const server = createServer((_, response) => {
      served += 1;
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const rebound = resolver([['127.0.0.1']]);
    const agent = new Agent({ connect: { lookup: vettedLookup(outside, rebound) } });
    const asked = request(`http://storage.example:${port}/`, { dispatcher: agent });
    await expect(asked).rejects.toThrow('127.0.0.1 is a loopback address');
    const trusting = new Agent({ connect: { lookup: vettedLookup(local, rebound) } });
    const { statusCode, body } = await request(`http://storage.example:${port}/`, {
      dispatcher: trusting,
    });
    await body.dump();
    expect(statusCode).toBe(200);
    expect(served).toBe(1);
    server.close();
  });
});

describe('a request to an address that Taskcluster named', () => {
  it('is not even begun for loopback where Taskcluster is elsewhere', async () => {
    const http = createHttp(outside, defaultTimeouts);
    const { signal } = new AbortController();
    for (const url of ['http://127.0.0.1:1/', 'https://localhost/', 'https://10.1.1.1/']) {
      await expect(http.foreign(new URL(url), { signal })).rejects.toThrow(/address|https/);
    }
  });
});

type Resolve = typeof lookup;

function resolver(addresses: readonly (readonly [string])[]): Resolve {
  const answer = addresses.map(([address]) => ({ address, family: address.includes(':') ? 6 : 4 }));
  return ((_: string, __: object, callback: (error: null, all: object) => void) =>
    callback(null, answer)) as unknown as Resolve;
}

function looked(addresses: readonly (readonly [string])[]): Promise<string> {
  return new Promise((resolve) => {
    vettedLookup(outside, resolver(addresses))('storage.example', {}, (error, address) =>
      resolve(error?.message ?? JSON.stringify(address)),
    );
  });
}
