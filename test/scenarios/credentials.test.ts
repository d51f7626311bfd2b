import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeAgeKey } from '../../local/sops.ts';
import { secretsOptions } from '../../src/composition.ts';
import type { Reason } from '../../src/domain/reasons.ts';
import { createSecrets } from '../../src/sops/secrets.ts';
import { people } from '../../local/rig/people.ts';
import { scenarios, type World } from '../helpers/scenarios/world.ts';

const { alice, bob } = people;
const on = scenarios({ steadyTrees: true });

/** A request that is approved and fails at its credentials: told once, nothing written. */
async function failing(break_: (world: World) => Promise<void>): Promise<World> {
  const world = await on.start({ sops: true });
  const { revision } = await on.outside.build('build-decision');
  await world.propose(alice, `build-decision ${revision}`);
  await break_(world);
  await world.click(bob, 'approve');
  await world.until('failed');
  return world;
}

const broken: Readonly<Record<string, readonly [Reason, RegExp, (world: World) => Promise<void>]>> =
  {
    'the registry refuses the password': [
      'registry-credentials',
      /refused the credentials for mozillareleases\/build-decision:.*rotated.*update the sops file, then press Retry/,
      (world) => world.encrypt({ password: 'an old password' }),
    ],
    'sops has no key for the file': [
      'sops-no-key',
      /sops has no key for the credentials file\. An operator must give the bot its key/,
      async (world) => world.encrypt({ recipient: (await makeAgeKey()).recipient }),
    ],
    'the file was tampered with': [
      'sops-tampered',
      /was changed after it was encrypted\. An operator must restore it/,
      async (world) => {
        const text = await readFile(world.sopsFile, 'utf8');
        const mac = /mac: ENC\[AES256_GCM,data:(.)/.exec(text)?.[1] ?? '';
        const other = mac === 'A' ? 'B' : 'A';
        await rm(world.sopsFile);
        const changed = text.replace(/(mac: ENC\[AES256_GCM,data:)./, `$1${other}`);
        await writeFile(world.sopsFile, changed, { mode: 0o600 });
      },
    ],
    'the file is gone': [
      'sops-file',
      /credentials file cannot be used/,
      (world) => rm(world.sopsFile),
    ],
    'anybody may write the file': [
      'sops-file',
      /credentials file cannot be used/,
      (world) => chmod(world.sopsFile, 0o666),
    ],
  };

describe('an approved promotion fails where', () => {
  it.each(Object.entries(broken))('%s; Retry goes on under the same approval', async (_, given) => {
    const [reason, says, break_] = given;
    const world = await failing(break_);
    expect(world.thread().at(-1)).toMatch(says);
    expect(world.thread().filter((text) => says.test(text))).toHaveLength(1);
    expect(world.cardText()).toContain('*Failed*, nothing was announced as published');
    expect(world.cardButtons()).toEqual(['retry', 'details']);
    expect(await world.reasons()).toEqual([reason]);
    expect(world.writes()).toEqual([]);

    await world.encrypt();
    await world.click(alice, 'retry');
    await world.until('reported');
    expect((await world.kinds()).filter((kind) => kind === 'approved')).toHaveLength(1);
  });

  it('sops is not installed', async () => {
    const env = { ...on.outside.env, PATH: join(on.outside.folder, 'empty') };
    const world = await on.start({
      ports: () => ({ secrets: createSecrets(secretsOptions(on.outside.policy, env)) }),
    });
    const { revision } = await on.outside.build('build-decision');
    await world.propose(alice, `build-decision ${revision}`);
    await world.click(bob, 'approve');
    await world.until('failed');
    expect(world.thread().at(-1)).toMatch(/sops cannot be run: .*must install sops.*press Retry/);
    expect(world.writes()).toEqual([]);
  });

  it('sops is too old; Retry goes on with the one that took its place', async () => {
    const folder = await mkdtemp(join(on.outside.folder, 'old-'));
    const sops = join(folder, 'sops');
    const install = (script: string) =>
      writeFile(sops, `#!/bin/sh\necho "$@" >> "$0.asked"\n${script}\n`, { mode: 0o755 });
    await install(`echo 'sops 3.8.1 (latest)'`);
    const env = { ...on.outside.env, PATH: `${folder}:${on.outside.env['PATH']}` };
    let policy = on.outside.policy;
    const world = await on.start({
      policy: (given) => {
        policy = given;
        return given;
      },
      ports: () => ({ secrets: createSecrets(secretsOptions(policy, env)) }),
    });
    const { revision } = await on.outside.build('build-decision');
    await world.propose(alice, `build-decision ${revision}`);
    await world.click(bob, 'approve');
    await world.until('failed');
    expect(world.thread().at(-1)).toContain(
      `sops cannot be run: ${sops} is 3.8.1, older than 3.9. An operator must install sops 3.9 or newer on the bot’s machine, then press Retry.`,
    );
    expect(await readFile(`${sops}.asked`, 'utf8')).toBe('--version --disable-version-check\n');
    expect(world.writes()).toEqual([]);

    await install(`exec '${resolve('local/bin/sops')}' "$@"`);
    await world.click(alice, 'retry');
    await world.until('reported');
  });
});

it('credentials are decrypted once for a promotion, and never for one that is refused', async () => {
  let decrypted = 0;
  const world = await on.start({
    ports: ({ secrets }) => ({
      secrets: () => {
        decrypted += 1;
        return secrets();
      },
    }),
  });
  const { revision, taskId } = await on.outside.build('build-decision');
  await world.propose(alice, `build-decision ${revision}`);
  await world.click(alice, 'approve');
  await world.click(people.gus, 'approve');
  expect(decrypted).toBe(0);
  await world.click(bob, 'approve');
  await world.until('reported');
  expect(decrypted).toBe(1);
  await world.ask(alice, `build-decision ${taskId}`);
  await world.until('unneeded');
  expect(decrypted).toBe(1);
});
