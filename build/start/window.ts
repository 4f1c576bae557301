import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** What stands between this machine and a window of its own. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly environment: NodeJS.ProcessEnv;
  /** 0 is root; undefined where systems have no such numbers. */
  readonly userId: number | undefined;
}

/** Why there can be no window here, a sentence without its full stop; undefined where there can. */
export function whyNoWindow({ platform, environment, userId }: Machine): string | undefined {
  if (platform !== 'linux') return undefined;
  if (!environment['DISPLAY'] && !environment['WAYLAND_DISPLAY']) return 'This machine has no screen';
  // Chromium's sandbox does not work for root, and without its sandbox the app is not started.
  if (userId === 0) return 'Windows are not opened for root';
  return undefined;
}

/** Electron's program in its package's folder, where it has been fetched. */
export function fetchedProgram(electronFolder: string): string | undefined {
  const named = path.join(electronFolder, 'path.txt');
  if (!existsSync(named)) return undefined;
  const program = path.join(electronFolder, 'dist', readFileSync(named, 'utf8').trim());
  return existsSync(program) ? program : undefined;
}
