import path from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

/** The report's static renderer: one module for Node, everything it needs inside it. */
export default defineConfig({
  root: path.join(import.meta.dirname, '../renderer'),
  logLevel: 'warn',
  // No file of the user's machine, such as a svelte.config.js above us, has a say.
  plugins: [svelte({ configFile: false, compilerOptions: { runes: true } })],
  ssr: { noExternal: true },
  build: {
    ssr: 'report/entry.ts',
    target: 'node24',
    minify: false,
    // Fonts stand inside the stylesheet: the report is one file.
    assetsInlineLimit: Number.MAX_SAFE_INTEGER,
    rolldownOptions: {
      checks: { pluginTimings: false },
      output: { entryFileNames: 'report.js', codeSplitting: false },
    },
  },
});
