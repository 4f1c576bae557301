import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { _electron } from 'playwright-core';
import type { DesktopApp } from './desktop-app.ts';

const root = path.join(import.meta.dirname, '../..');

/** Electron's program where it has been fetched and a screen is there; else why not. Nothing is fetched by a test. */
export function electronProgram(): { readonly program: string } | { readonly missing: string } {
  const folder = path.join(root, 'node_modules', 'electron');
  const named = path.join(folder, 'path.txt');
  const program = existsSync(named)
    ? path.join(folder, 'dist', readFileSync(named, 'utf8').trim())
    : undefined;
  if (program === undefined || !existsSync(program))
    return { missing: 'Electron’s program is not on this machine (npx install-electron fetches it)' };
  const hasScreen =
    process.platform !== 'linux' ||
    process.env['DISPLAY'] !== undefined ||
    process.env['WAYLAND_DISPLAY'] !== undefined;
  return hasScreen ? { program } : { missing: 'there is no screen (xvfb-run makes one)' };
}

export async function launchElectron(
  program: string,
  appFolder: string,
  userData: string,
): Promise<DesktopApp> {
  const running = await _electron.launch({
    executablePath: program,
    args: [appFolder, `--user-data-dir=${userData}`],
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
