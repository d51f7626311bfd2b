import { describe, expect, it } from 'vitest';
import { parseChallenges } from '../../src/registry/challenge.ts';

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
    expect(parseChallenges([header])).toEqual(challenge);
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
    expect(parseChallenges(header === undefined ? [] : [header])).toBeUndefined();
  });
});

describe('of several challenges the one that we can meet counts', () => {
  const bearer = `Bearer realm="${realm}",service="x,y"`;
  const understood = { scheme: 'bearer', realm, service: 'x,y' };
  it.each([
    [['Negotiate', bearer]],
    [['Negotiate YII=', 'NTLM', bearer]],
    [[`Negotiate, ${bearer}`]],
    [[`${bearer}, Negotiate`]],
    [[`Digest realm="Bearer realm=x", nonce="y", ${bearer}, Basic realm="z"`]],
    [['Basic realm="z"', bearer]],
    [[bearer, `Bearer realm="https://evil.example"`]],
    [['Bearer service="no realm"', bearer]],
  ])('%j', (lines) => {
    expect(parseChallenges(lines)).toEqual(understood);
  });

  it.each([[['Negotiate', 'Basic realm="x"']], [['Negotiate, Basic realm="x", Digest realm="y"']]])(
    '%j',
    (lines) => {
      expect(parseChallenges(lines)).toEqual({ scheme: 'basic' });
    },
  );

  it('words inside a quoted text are none', () => {
    expect(parseChallenges([`Digest realm="x, ${bearer.replaceAll('"', "'")}, Basic"`])).toBe(
      undefined,
    );
  });
});
