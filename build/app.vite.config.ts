import path from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type Plugin } from 'vite';
import { appPolicy } from '../audits/serve/app-policy.ts';

/** The policy stands in the page itself too: whoever serves the files cannot forget it. */
const policy: Plugin = {
  name: 'moat-content-security-policy',
  transformIndexHtml: () => [
    {
      tag: 'meta',
      attrs: { 'http-equiv': 'Content-Security-Policy', content: appPolicy },
      injectTo: 'head-prepend',
    },
  ],
};

/** The app's window: `index.html`, a script per screen, styles and fonts as files, everything named by its content. */
export default defineConfig({
  root: path.join(import.meta.dirname, '../renderer'),
  // Relative: the same files are served over http: and over app:.
  base: './',
  publicDir: false,
  logLevel: 'warn',
  // No file of the user's machine, such as a svelte.config.js above us, has a say.
  plugins: [svelte({ configFile: false, compilerOptions: { runes: true } }), policy],
  build: {
    target: 'chrome130',
    // Nothing becomes a data: address in a stylesheet or a script in the page.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    rolldownOptions: { checks: { pluginTimings: false } },
  },
});
