import { expect, it } from 'vitest';
import { pickTexts } from '../../src/sops/output.ts';

it('takes a token that YAML’s | has written, without the line break at its end', () => {
  const json = Buffer.from(JSON.stringify({ user: 'relbot', token: 'dckr_pat_1\n' }));
  expect(pickTexts(json, ['user', 'token'])).toEqual(['relbot', 'dckr_pat_1']);
});

it('takes values of the document only, not what every object has', () => {
  const json = Buffer.from('{"a":"text"}');
  expect(() => pickTexts(json, ['a', 'constructor.name'])).toThrow(/no text at constructor\.name/);
  expect(() => pickTexts(json, ['a', 'a.length'])).toThrow(/no text at a\.length/);
});
