import { defineConfig } from 'vitest/config';

/**
 * `unit` needs nothing but Node and git: stand-ins take every outside part.
 * `real` needs the real parts (Docker engine, registry, sops, Mercurial, PostgreSQL, Chromium, …)
 * and fails where one is missing. A contract suite runs in both.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/real/**'],
          testTimeout: 20_000,
          hookTimeout: 60_000,
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
