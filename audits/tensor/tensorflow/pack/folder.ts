import os from 'node:os';
import path from 'node:path';
import process from 'node:process';

/** The environment variable that moves the folder of all engine packs. */
export const enginesVariable = 'MOAT_ENGINES';

interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly home: string;
}

/** Where the operating system keeps the data of a user's programs. */
export function enginesFolder(
  { environment, platform, home }: Surroundings = {
    environment: process.env,
    platform: process.platform,
    home: os.homedir(),
  },
): string {
  const chosen = environment[enginesVariable];
  if (chosen !== undefined && chosen !== '') return path.resolve(chosen);
  if (platform === 'darwin') return path.join(home, 'Library', 'Application Support', 'moat', 'engines');
  if (platform === 'win32')
    return path.join(environment['LOCALAPPDATA'] ?? path.join(home, 'AppData', 'Local'), 'moat', 'engines');
  // XDG Base Directory Specification: an empty or relative value counts as none.
  const data = environment['XDG_DATA_HOME'];
  const base = data !== undefined && path.isAbsolute(data) ? data : path.join(home, '.local', 'share');
  return path.join(base, 'moat', 'engines');
}

export function tensorflowFolder(engines: string = enginesFolder()): string {
  return path.join(engines, 'tensorflow');
}
