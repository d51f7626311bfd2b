import { describe, expect, it } from 'vitest';
import { parseChallenge } from '../../src/registry/challenge.ts';

const realm = 'https://auth.docker.io/token';

describe('a WWW-Authenticate header', () => {
  it.each([
    [
      `Bearer realm="${realm}",service="registry.docker.io"`,
      { scheme: 'bearer', realm, service: 'registry.docker.io' },
    ],
    [`bearer service=x, realm=${realm}`, { scheme: 'bearer', realm, service: 'x' }],
    [
      `Bearer realm="${realm}",scope="repository:a/b:pull,push",error="x"`,
      { scheme: 'bearer', realm, service: undefined },
    ],
    [`Basic realm="x", Bearer realm="${realm}"`, { scheme: 'bearer', realm, service: undefined }],
    [`Bearer realm="a\\"b"`, { scheme: 'bearer', realm: 'a"b', service: undefined }],
    [
      `Bearer realm="${realm}",realm="https://evil.example"`,
      { scheme: 'bearer', realm, service: undefined },
    ],
    ['Basic realm="Registry Realm"', { scheme: 'basic' }],
    ['basic', { scheme: 'basic' }],
  ])('is understood: %s', (header, challenge) => {
    expect(parseChallenge(header)).toEqual(challenge);
  });

  it.each([
    undefined,
    '',
    'Digest realm="x"',
    'Bearer',
    'Bearer service="x"',
    'NotBasic',
    'x'.repeat(5000),
  ])('that asks for nothing we have is no challenge: %s', (header) => {
    expect(parseChallenge(header)).toBeUndefined();
  });
});
