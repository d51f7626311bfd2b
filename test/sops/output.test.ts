import { expect, it } from 'vitest';
import { pickTexts } from '../../src/sops/output.ts';

it('takes values of the document only, not what every object has', () => {
  const json = Buffer.from('{"a":"text"}');
  expect(() => pickTexts(json, ['a', 'constructor.name'])).toThrow(/no text at constructor\.name/);
  expect(() => pickTexts(json, ['a', 'a.length'])).toThrow(/no text at a\.length/);
});
