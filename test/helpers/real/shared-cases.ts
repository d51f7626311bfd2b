import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';

const shared = resolve(process.env['PROMOTE_IMAGE_SHARED'] ?? '../shared');

/** The folder of real pin bumps; each case has a folder of its own in it. */
export const casesFolder = join(shared, 'cases');

const Cases = z
  .array(
    z.object({
      name: z.string(),
      publish: z.string(),
      tagPrefix: z.string(),
      new: z.string(),
      mercurialChanged: z.boolean(),
    }),
  )
  .min(1);

/** Real pin bumps that landed. Throws where they are not there: a check that can't run has failed. */
export const cases = Cases.parse(
  JSON.parse(await readFile(join(casesFolder, 'cases.json'), 'utf8')),
);
