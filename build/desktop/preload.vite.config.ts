import path from 'node:path';
import { defineConfig } from 'vite';

/** The preload script as sandboxed pages need it: one file, CommonJS, nothing required but Electron. */
export default defineConfig({
  root: path.join(import.meta.dirname, '../../electron/preload'),
  logLevel: 'warn',
  publicDir: false,
  build: {
    target: 'chrome140',
    minify: false,
    lib: { entry: 'preload.ts', formats: ['cjs'], fileName: () => 'preload.cjs' },
    rolldownOptions: {
      external: ['electron'],
      checks: { pluginTimings: false },
      output: { codeSplitting: false },
    },
  },
});
