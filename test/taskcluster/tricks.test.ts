import { afterAll, describe, expect, it } from 'vitest';
import { explain, isRefusal } from '../../src/domain/errors.ts';
import { image, setting, someBytes, trusted } from '../helpers/taskcluster/setting.ts';
import { tricks } from '../helpers/taskcluster/tricks.ts';

const given = setting();
const archive = someBytes(1000);

describe('a build that is not what it pretends to be', () => {
  it('is told apart from a proper one, which is trusted', async () => {
    const { builds, publish } = given();
    expect(await trusted(builds(), await publish({ archive }))).toMatchObject({ runId: 0 });
  });

  it.each(Object.entries(tricks))('refuses %s', async (_, { reason, twists, afterwards }) => {
    const { builds, publish } = given();
    const published = await publish({ archive, ...twists });
    await afterwards?.(given(), published);
    const outcome = await builds().verify(image, published.taskId);
    expect(outcome).toMatchObject({ outcome: 'refused', reason });
    if (isRefusal(outcome)) expect(explain(outcome)).not.toMatch(/undefined|\{\w+\}/);
  });

  afterAll(() => {
    const { length } = Object.keys(tricks);
    const reasons = new Set(Object.values(tricks).map(({ reason }) => reason)).size;
    console.log(`${length} tricks, each refused for its own reason (${reasons} reasons)`);
  });
});
