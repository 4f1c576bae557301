import path from 'node:path';
import { buildDesktop, DESKTOP_FOLDER } from './build.ts';

/**
 * Builds the desktop app.
 *
 * usage: node build/desktop/main.ts [FOLDER]
 */
const folder = path.resolve(process.argv[2] ?? DESKTOP_FOLDER);
const { files } = await buildDesktop(folder, (line) => console.error(`moat: ${line}`));
console.log(`${folder}: ${files.length} files of the engine and the app`);
