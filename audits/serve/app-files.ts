import { builtPages, type BuiltPages } from '../built-pages.ts';

const pages: BuiltPages = {
  name: 'app',
  title: 'the app',
  script: 'build/app.ts',
  entry: 'index.html',
  sources: [
    'renderer/**/*.{ts,svelte,css,js,html,svg}',
    'build/app*.ts',
    'audits/serve/app-policy.ts',
    'audits/contract/clean-text.ts',
    'audits/contract/rounding.ts',
  ],
  packages: [
    'svelte',
    'vite',
    '@sveltejs/vite-plugin-svelte',
    'bits-ui',
    '@tanstack/virtual-core',
    'd3-scale',
    'd3-shape',
    '@fontsource/inter',
    '@fontsource/jetbrains-mono',
  ],
};

/**
 * Folder of the built app, `index.html` and what it loads: what `moat serve` and the desktop app hand to their windows.
 * @throws MoatError `internal` with what the compiler said
 */
export function appFiles(say?: (line: string) => void): Promise<string> {
  return builtPages(pages, say);
}
