import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/**
 * `unit` needs nothing but Node and git: stand-ins take every outside part.
 * `real` needs the real parts (Docker engine, registry, sops, Mercurial, PostgreSQL, Chromium, …)
 * and fails where one is missing. A contract suite runs in both.
 */
export default defineConfig({
  test: {
    // Many tests wait for processes and connections: where there are few cores, others compute meanwhile.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    // Most of what is started as a process of its own is reached by no import.
    forceRerunTriggers: [
      '**/package.json',
      '**/vitest.config.ts',
      '**/src/{main,cli}.ts',
      '**/config/*.yml',
      '**/local/{bin,sops}/**',
    ],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/real/**'],
          globalSetup: 'test/helpers/memory.ts',
          // Never what is measured: a machine may be busy.
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'real',
          include: ['test/real/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
