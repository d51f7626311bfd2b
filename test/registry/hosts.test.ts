import { describe, expect, it } from 'vitest';
import { mayAskForToken, standing, targetProblem } from '../../src/registry/hosts.ts';

const hub = new URL('https://registry-1.docker.io');
const local = new URL('http://127.0.0.1:5000');
const gitlab = new URL('https://registry.gitlab.com');

/** A registry beside which the policy names this token service, or none. */
const owner = (registry: URL, tokenService?: string) => ({
  registry,
  tokenService: tokenService === undefined ? undefined : new URL(tokenService),
});

describe('the password', () => {
  it.each([
    [hub, 'https://auth.docker.io/token'],
    [hub, 'https://registry-1.docker.io/token'],
    [gitlab, 'https://registry.gitlab.com/jwt/auth'],
    [new URL('https://10.0.0.5'), 'https://10.0.0.5/token'],
    [local, 'http://127.0.0.1:5001/token'],
    [local, 'http://localhost:5001/token'],
  ])('of %s may go to %s', (registry, realm) => {
    expect(mayAskForToken(owner(registry), new URL(realm))).toBe(true);
  });

  it.each([
    [hub, 'http://auth.docker.io/token'],
    // Under the same domain: of the same owner, or so it seems.
    [hub, 'https://docker.io/token'],
    [hub, 'https://forgotten.docker.io/token'],
    [gitlab, 'https://gitlab.com/jwt/auth'],
    [new URL('https://registry.example.co.uk'), 'https://auth.example.co.uk/'],
    [new URL('https://registry.example.org'), 'https://auth.docker.io/token'],
    [new URL('https://registry.example.org'), 'https://registry.example.org:8443/token'],
    [hub, 'https://auth.docker.io.evil.example/token'],
    [hub, 'https://evildocker.io/token'],
    [hub, 'https://auth-docker.io/token'],
    [hub, 'https://docker.io.evil/token'],
    [hub, 'https://auth.docker.io@evil.example/token'],
    [hub, 'https://x:y@auth.docker.io/token'],
    [hub, 'https://auth.docker.io:8443/token'],
    [hub, 'https://127.0.0.1/token'],
    [hub, 'http://registry-1.docker.io/token'],
    [new URL('https://good.co.uk'), 'https://evil.co.uk/'],
    [new URL('https://good.github.io'), 'https://evil.github.io/'],
    [new URL('https://10.0.0.5'), 'https://10.0.0.6/token'],
    [local, 'https://auth.docker.io/token'],
    [local, 'http://127.0.0.1.evil.example/token'],
  ])('of %s never goes to %s', (registry, realm) => {
    expect(mayAskForToken(owner(registry), new URL(realm))).toBe(false);
  });

  it.each([
    ['https://gitlab.com/jwt/auth', true],
    ['https://gitlab.com/jwt/auth?service=container_registry', true],
    ['https://registry.gitlab.com/token', true],
    ['https://gitlab.com/evil/project/raw', false],
    ['https://gitlab.com:8443/jwt/auth', false],
    ['http://gitlab.com/jwt/auth', false],
    ['https://u:p@gitlab.com/jwt/auth', false],
    ['https://auth.gitlab.com/jwt/auth', false],
  ])('goes where the policy names https://gitlab.com/jwt/auth: %s %s', (realm, may) => {
    const named = owner(gitlab, 'https://gitlab.com/jwt/auth');
    expect(mayAskForToken(named, new URL(realm))).toBe(may);
  });
});

describe('an upload or a redirect', () => {
  it.each([
    [hub, 'https://production.cloudflare.docker.com/blob'],
    [hub, 'https://storage.example.com/blob?signature=x'],
    [hub, 'https://registry-1.docker.io/v2/x'],
    [local, 'http://127.0.0.1:9000/upload'],
  ])('of %s may lead to %s', (registry, target) => {
    expect(targetProblem(owner(registry), new URL(target))).toBeUndefined();
  });

  it.each([
    [hub, 'http://registry-1.docker.io/v2/x'],
    [hub, 'http://storage.example.com/blob'],
    [hub, 'https://127.0.0.1/'],
    [hub, 'https://localhost/'],
    [hub, 'https://[::1]/'],
    [hub, 'https://[::ffff:127.0.0.1]/'],
    [hub, 'https://10.1.2.3/'],
    [hub, 'https://172.16.0.1/'],
    [hub, 'https://192.168.1.1/'],
    [hub, 'https://169.254.169.254/latest/meta-data/'],
    [hub, 'https://0x7f000001/'],
    [hub, 'https://2130706433/'],
    [hub, 'https://[fe80::1]/'],
    [hub, 'https://[fd00::1]/'],
    [hub, 'https://x:y@storage.example.com/'],
    [hub, 'https://x:y@registry-1.docker.io/'],
    [hub, 'ftp://storage.example.com/'],
    [local, 'http://10.1.2.3/'],
    [local, 'http://storage.example.com/'],
  ])('of %s may not lead to %s', (registry, target) => {
    expect(targetProblem(owner(registry), new URL(target))).toBeDefined();
  });
});

it('is the registry’s own only with the same scheme, name and port', () => {
  expect(standing(owner(hub), new URL('https://registry-1.docker.io:443/v2/'))).toBe('own');
  expect(standing(owner(hub), new URL('https://registry-1.docker.io:444/v2/'))).toBe('foreign');
  expect(standing(owner(hub), new URL('https://auth.docker.io/'))).toBe('kin');
  expect(standing(owner(local), new URL('http://127.0.0.1:5001/'))).toBe('kin');
});
