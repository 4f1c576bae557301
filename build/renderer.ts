import path from 'node:path';
import { build } from 'vite';

/**
 * Builds the report's renderer into a folder.
 *
 * usage: node build/renderer.ts FOLDER
 */
const folder = process.argv[2];
if (folder === undefined) throw new Error('usage: node build/renderer.ts FOLDER');
await build({
  configFile: path.join(import.meta.dirname, 'renderer.vite.config.ts'),
  // The compiler's warnings are part of what the checks look at: here they would only be noise.
  logLevel: 'warn',
  build: { outDir: path.resolve(folder), emptyOutDir: true },
});
