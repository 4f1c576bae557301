import path from 'node:path';
import process from 'node:process';
import { _electron } from 'playwright-core';
import { fetchedProgram, whyNoWindow } from '../../build/start/window.ts';
import type { DesktopApp } from './desktop-app.ts';

const electronFolder = path.join(import.meta.dirname, '../../node_modules/electron');

/** Electron's program where `npm start` would open a window with it; else why not. Nothing is fetched by a test. */
export function electronProgram(): { readonly program: string } | { readonly missing: string } {
  const program = fetchedProgram(electronFolder);
  if (program === undefined)
    return { missing: 'Electron’s program is not on this machine (npx install-electron fetches it)' };
  const reason = whyNoWindow({
    platform: process.platform,
    environment: process.env,
    userId: process.getuid?.(),
  });
  return reason === undefined ? { program } : { missing: reason };
}

export async function launchElectron(
  program: string,
  appFolder: string,
  userData: string,
): Promise<DesktopApp> {
  const running = await _electron.launch({
    executablePath: program,
    args: [appFolder, `--user-data-dir=${userData}`],
    // As `npm start`: without the sandbox it would be another app.
    chromiumSandbox: true,
    timeout: 60_000,
  });
  const ended = new Promise<number | null>((resolve) => running.process().once('exit', resolve));
  return {
    firstWindow: () => running.firstWindow(),
    evaluate: (run) => running.evaluate(run as never),
    async close() {
      await running.close();
      return ended;
    },
  };
}
