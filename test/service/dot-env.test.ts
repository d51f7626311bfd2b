import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { readDotEnv } from '../../src/service/dot-env.ts';
import { temporaryFolder } from '../helpers/source/repository.ts';

afterEach(() => vi.unstubAllEnvs());

it('fills in what the environment does not say', async () => {
  vi.stubEnv('DOT_ENV_SAID', 'by the environment');
  vi.stubEnv('DOT_ENV_UNSAID', undefined);
  await using folder = await temporaryFolder();
  const path = join(folder.path, '.env');
  await writeFile(path, 'DOT_ENV_SAID=by the file\nDOT_ENV_UNSAID=by the file\n');
  readDotEnv(path);
  expect(process.env['DOT_ENV_SAID']).toBe('by the environment');
  expect(process.env['DOT_ENV_UNSAID']).toBe('by the file');
});

it('needs no file, but one that cannot be read is told', async () => {
  await using folder = await temporaryFolder();
  expect(() => readDotEnv(join(folder.path, 'none'))).not.toThrow();
  expect(() => readDotEnv(folder.path)).toThrow();
});
