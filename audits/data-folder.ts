import os from 'node:os';
import path from 'node:path';
import process from 'node:process';

export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly home: string;
}

/** Moves the folder: for tests, and for machines whose home is not writable. */
export const dataFolderVariable = 'MOAT_DATA';

/** Where the operating system keeps what a user's programs remember. Not created here. */
export function dataFolder(surroundings: Surroundings = thisProcess()): string {
  const { environment, platform, home } = surroundings;
  const chosen = environment[dataFolderVariable];
  if (chosen !== undefined && chosen !== '') return path.resolve(chosen);
  if (platform === 'darwin') return path.join(home, 'Library', 'Application Support', 'moat');
  if (platform === 'win32')
    return path.join(environment['LOCALAPPDATA'] ?? path.join(home, 'AppData', 'Local'), 'moat');
  // XDG Base Directory Specification: an empty or relative value counts as none.
  const data = environment['XDG_DATA_HOME'];
  return path.join(
    data !== undefined && path.isAbsolute(data) ? data : path.join(home, '.local', 'share'),
    'moat',
  );
}

/** What a folder of the user depends on. */
export function thisProcess(): Surroundings {
  return { environment: process.env, platform: process.platform, home: os.homedir() };
}
