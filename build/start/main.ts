import { spawn, spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { currentDesktop } from '../desktop/current.ts';
import { fetchedProgram, whyNoWindow } from './window.ts';

/**
 * `npm start`: opens the app, in a window where there can be one, else in a browser.
 *
 * usage: node build/start/main.ts [DATABASE.moat] [FLAG of `moat serve` ...]
 */
const root = path.join(import.meta.dirname, '../..');
const electronFolder = path.join(root, 'node_modules', 'electron');
/** Of a shell that does not find a program, and of a loader that does not find a library. */
const CANNOT_START = 127;
/** 120 MB over a slow line. */
const MOST_FETCH_MS = 15 * 60_000;

const words = process.argv.slice(2);
const say = (line: string): void => void process.stderr.write(`moat: ${line}\n`);

/** Electron's own script: shows how far it is, checks what it got against checksums in the package. */
function fetchProgram(): string | undefined {
  say('fetching Electron’s program (once, about 120 MB) ...');
  spawnSync(process.execPath, [path.join(electronFolder, 'install.js')], {
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: MOST_FETCH_MS,
  });
  return fetchedProgram(electronFolder);
}

/** Resolves with the exit code; Ctrl-C is for the child to understand. */
function run(program: string, args: readonly string[], cwd: string): Promise<number> {
  const child = spawn(program, [...args], {
    stdio: 'inherit',
    cwd,
    env: { ...process.env, MOAT_COMMAND: 'npm run moat --' },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  return new Promise((resolve) => {
    child.once('error', () => resolve(CANNOT_START));
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGTERM']));
  });
}

const instead = ', so the app is served to a browser.';

async function openWindow(): Promise<number | string> {
  const reason = whyNoWindow({
    platform: process.platform,
    environment: process.env,
    userId: process.getuid?.(),
  });
  if (reason !== undefined) return `${reason}${instead}`;
  const program = fetchedProgram(electronFolder) ?? fetchProgram();
  if (program === undefined) return `Electron’s program could not be fetched${instead}`;
  const folder = await currentDesktop(say);
  const code = await run(program, [folder, ...words], userFolder);
  return code === CANNOT_START ? `Electron’s program does not start on this machine${instead}` : code;
}

// Paths are relative to where the user stands, wherever npm has gone.
const userFolder = process.env['INIT_CWD'] ?? process.cwd();
const outcome = await openWindow();
if (typeof outcome === 'number') process.exitCode = outcome;
else {
  say(outcome);
  const database = words.filter((word) => word.endsWith('.moat')).flatMap((word) => ['--db', word]);
  const flags = words.filter((word) => !word.endsWith('.moat'));
  process.exitCode = await run(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      path.join(root, 'audits', 'cli', 'main.ts'),
      'serve',
      ...database,
      ...flags,
    ],
    userFolder,
  );
}
