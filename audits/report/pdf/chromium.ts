import {
  accessSync,
  constants,
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import { MoatError } from '../../contract/errors.ts';

/** Letters are placed as on paper, whatever the screen of the machine; drawing needs no graphics card. */
export const chromiumArguments: readonly string[] = ['--font-render-hinting=none', '--disable-gpu'];

const cache = path.join(import.meta.dirname, '../../../dist/chromium');
const names = ['google-chrome-stable', 'google-chrome', 'chromium', 'chromium-browser', 'microsoft-edge'];
/** Where installers put a browser that is on no PATH. */
const places: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  darwin: [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  ],
  win32: ['ProgramFiles', 'ProgramFiles(x86)', 'LocalAppData'].flatMap((variable) => {
    const folder = process.env[variable];
    return folder === undefined
      ? []
      : [
          path.join(folder, 'Google', 'Chrome', 'Application', 'chrome.exe'),
          path.join(folder, 'Microsoft', 'Edge', 'Application', 'msedge.exe'),
        ];
  }),
};
/** Names the browser to draw with, or `none`: as on a machine without one. */
export const browserVariable = 'MOAT_BROWSER';

/**
 * The browser that `MOAT_BROWSER` names, else one of this machine, else the one that an npm package carries for linux-x64, unpacked once.
 * @param say one line for people, where unpacking takes its seconds
 * @throws MoatError `browser-missing`
 */
export async function findChromium(say?: (line: string) => void): Promise<string> {
  const named = process.env[browserVariable];
  if (named !== undefined && named !== '') {
    if (named !== 'none' && isProgram(named)) return named;
    throw new MoatError(
      'browser-missing',
      named === 'none'
        ? `There is no browser to draw with: ${browserVariable} says so.`
        : `${browserVariable} names ${named}, which is no program.`,
    );
  }
  const own = systemChromium();
  if (own !== undefined) return own;
  const archive = carriedArchive();
  if (archive === undefined)
    throw new MoatError('browser-missing', 'There is no Chrome, Chromium or Edge to draw with.');
  return unpack(archive, say);
}

function systemChromium(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter).filter((folder) => folder !== '');
  return [
    ...folders.flatMap((folder) => names.map((name) => path.join(folder, name))),
    ...(places[process.platform] ?? []),
  ].find(isProgram);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

interface CarriedArchive {
  readonly file: string;
  readonly version: string;
}

/** The package is optional: without it, and on other platforms than its own, there is none. */
function carriedArchive(): CarriedArchive | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  try {
    const entry = createRequire(import.meta.url).resolve('@sparticuz/chromium');
    const folder = path.join(path.dirname(entry), '..');
    const manifest: unknown = createRequire(import.meta.url)(path.join(folder, 'package.json'));
    const version =
      typeof manifest === 'object' && manifest !== null && 'version' in manifest
        ? String(manifest.version)
        : 'unknown';
    const file = path.join(folder, 'bin', 'chromium.br');
    return existsSync(file) ? { file, version } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Under our own folder and renamed when whole: the package's own way unpacks into the shared temporary folder, and takes
 * whatever program of that name is there.
 */
async function unpack({ file, version }: CarriedArchive, say?: (line: string) => void): Promise<string> {
  // A folder of its own: the program lays files of its own beside itself.
  const folder = path.join(cache, version);
  const program = path.join(folder, 'chromium');
  if (existsSync(program)) return program;
  say?.('unpacking a browser to print with (once, a few seconds) ...');
  mkdirSync(folder, { recursive: true });
  const partial = `${program}.${process.pid}.partial`;
  try {
    await pipeline(
      createReadStream(file),
      createBrotliDecompress(),
      createWriteStream(partial, { mode: 0o755 }),
    );
    renameSync(partial, program);
  } finally {
    rmSync(partial, { force: true });
  }
  for (const name of readdirSync(cache))
    if (name !== version) rmSync(path.join(cache, name), { recursive: true, force: true });
  return program;
}
