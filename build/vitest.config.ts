import path from 'node:path';
import { defineConfig } from 'vitest/config';

/** Two projects: `unit` beside the sources, `real` for whole commands on real files, databases and processes. */
export default defineConfig({
  root: path.join(import.meta.dirname, '..'),
  test: {
    pool: 'forks',
    // Two cores: more files at a time only make each of them slower.
    maxWorkers: 2,
    // Pages and processes are waited for, on machines that have other work too.
    expect: { poll: { timeout: 30_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [
            'audits/**/*.test.ts',
            'build/**/*.test.ts',
            'electron/**/*.test.ts',
            'renderer/**/*.test.ts',
            'test/*.test.ts',
          ],
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'real',
          include: ['test/{app,e2e}/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
