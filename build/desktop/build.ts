import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { build } from 'vite';
import { reportPages } from '../../audits/report/static-renderer.ts';
import { appFiles } from '../../audits/serve/app-files.ts';
import { NODE_HEADERS_FOLDER, nodeApiHeaders } from '../../audits/tensor/tensorflow/pack/node-headers.ts';
import { makeIcons } from './icons.ts';
import { mirror, type Mirrored } from './mirror.ts';

const root = path.join(import.meta.dirname, '../..');
/** What Electron starts: the app, and the processes it starts itself. */
export const entries = [
  'electron/main/main.ts',
  'electron/engine/engine.ts',
  'electron/engine/worker.ts',
  'electron/engine/trial.ts',
  'electron/engine/side.ts',
  'electron/engine/pack.ts',
];
/** Files of the engine that are for plain Node alone, and what takes their place. */
const substitutes = {
  'audits/datasets/sharp.ts': 'electron/engine/sharp.ts',
  'audits/bench/side-process.ts': 'electron/engine/side-process.ts',
  'audits/devices/trial-child.ts': 'electron/engine/trial-child.ts',
  'audits/tensor/tensorflow/pack/trial-process.ts': 'electron/engine/pack-trial.ts',
};
/** Of the app's program on Linux, and of the file that names it to the desktop. */
export const EXECUTABLE_NAME = 'moat';
export const DESKTOP_FOLDER = path.join(root, 'dist', 'desktop');

/**
 * Builds the desktop app into a folder that Electron can start as it is: our code as plain JavaScript, one preload script,
 * the app's and the report's pages. Packages are found where they are installed.
 */
export async function buildDesktop(folder: string, say?: (line: string) => void): Promise<Mirrored> {
  // Beside the place and renamed: what runs meanwhile keeps whole files.
  const partial = `${folder}.${process.pid}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  try {
    const mirrored = mirror(root, entries, partial, substitutes);
    await build({
      configFile: path.join(import.meta.dirname, 'preload.vite.config.ts'),
      build: { outDir: path.join(partial, 'electron', 'preload'), emptyOutDir: true },
    });
    // `built` is the one build these folders hold: audits/built-pages.ts looks for it where there are no sources.
    cpSync(await appFiles(say), path.join(partial, 'dist', 'app', 'built'), { recursive: true });
    cpSync(await reportPages(say), path.join(partial, 'dist', 'report-renderer', 'built'), {
      recursive: true,
    });
    copyNodeHeaders(path.join(partial, NODE_HEADERS_FOLDER));
    await makeIcons(path.join(root, 'dist', 'icons'));
    cpSync(path.join(root, 'dist', 'icons', 'icon.png'), path.join(partial, 'icons', 'icon.png'));
    writeFileSync(
      path.join(partial, 'package.json'),
      `${JSON.stringify(manifest(mirrored.packages), null, 2)}\n`,
    );
    rmSync(folder, { recursive: true, force: true });
    renameSync(partial, folder);
    return mirrored;
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

/** Node-API's declarations, for the engine pack that is compiled on the user's machine; where npm has installed them. */
function copyNodeHeaders(folder: string): void {
  const installed = path.join(
    root,
    'node_modules',
    `node-${process.platform}-${process.arch}`,
    'include/node',
  );
  if (!existsSync(installed)) return;
  mkdirSync(folder);
  for (const name of nodeApiHeaders) cpSync(path.join(installed, name), path.join(folder, name));
}

/** Reached by code of the command line's way to print: in the app Electron prints. */
export const notShipped: ReadonlySet<string> = new Set(['playwright-core', '@sparticuz/chromium']);

/** @param packages what the code imports: the doctor looks whether all of it is there */
function manifest(packages: readonly string[]): Readonly<Record<string, unknown>> {
  const own = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    readonly name: string;
    readonly version: string;
    readonly description: string;
    readonly dependencies: Readonly<Record<string, string>>;
  };
  return {
    name: own.name,
    productName: 'Moat',
    // Linux finds the app's entry, its icon and its progress by this name.
    desktopName: `${EXECUTABLE_NAME}.desktop`,
    version: own.version,
    description: own.description,
    type: 'module',
    main: 'electron/main/main.js',
    dependencies: Object.fromEntries(
      Object.entries(own.dependencies).filter(([name]) => packages.includes(name) && !notShipped.has(name)),
    ),
  };
}
