import { describe, expect, it } from 'vitest';
import { isWithin, sameRepository } from '../../src/taskcluster/repository.ts';

const trusted = 'https://hg.mozilla.org/integration/autoland';

describe('sameRepository', () => {
  it.each([trusted, `${trusted}/`, `${trusted}.git`, `${trusted}.git/`])(
    'knows %s again',
    (url) => {
      expect(sameRepository(url, trusted)).toBe(true);
      expect(sameRepository(trusted, url)).toBe(true);
    },
  );

  it.each([
    'https://hg.mozilla.org/integration',
    `${trusted}-evil`,
    `${trusted}/evil`,
    `${trusted}//`,
    `${trusted}/.`,
    `${trusted}/..`,
    `${trusted}.git.git`,
    `${trusted}?x`,
    `${trusted}#x`,
    `${trusted} `,
    ` ${trusted}`,
    `${trusted}\n`,
    `${trusted}\\evil`,
    'http://hg.mozilla.org/integration/autoland',
    'ssh://hg.mozilla.org/integration/autoland',
    'https://hg.mozilla.org:443/integration/autoland',
    'https://HG.mozilla.org/integration/autoland',
    'https://hg.mozilla.org./integration/autoland',
    'https://hg.mozilla.org/Integration/autoland',
    'https://hg.mozilla.org//integration/autoland',
    'https://hg.mozilla.org/integration%2fautoland',
    'https://hg.mozilla.org/x/../integration/autoland',
    'https://user@hg.mozilla.org/integration/autoland',
    'https://hg.mozilla.org@evil.example/integration/autoland',
    'https://hg.mozilla.org.evil.example/integration/autoland',
    'https://hg.mozіlla.org/integration/autoland',
    'https:hg.mozilla.org/integration/autoland',
    '//hg.mozilla.org/integration/autoland',
    'hg.mozilla.org/integration/autoland',
    'https://hg.mozilla.org',
    '',
  ])('does not take %j for it', (url) => {
    expect(sameRepository(url, trusted)).toBe(false);
  });

  it('finds nothing equal to what is no repository', () => {
    expect(sameRepository('', '')).toBe(false);
    expect(sameRepository('x y', 'x y')).toBe(false);
  });
});

describe('isWithin', () => {
  it.each([
    `${trusted}/file/0123/taskcluster/kinds/docker-image`,
    `${trusted}.git/blob/0123/x`,
    trusted,
  ])('takes %s for a page of the repository', (url) => {
    expect(isWithin(url, trusted)).toBe(true);
  });

  it.each([
    'https://hg.mozilla.org/integration',
    `${trusted}-evil/file/0123/x`,
    `${trusted}/../try/file/x`,
    'https://evil.example/integration/autoland/file/x',
  ])('does not take %s for one', (url) => {
    expect(isWithin(url, trusted)).toBe(false);
  });
});
