import path from 'node:path';
import { build } from 'vite';

/**
 * Builds the app's window into a folder.
 *
 * usage: node build/app.ts FOLDER
 */
const folder = process.argv[2];
if (folder === undefined) throw new Error('usage: node build/app.ts FOLDER');
await build({
  configFile: path.join(import.meta.dirname, 'app.vite.config.ts'),
  build: { outDir: path.resolve(folder), emptyOutDir: true },
});
