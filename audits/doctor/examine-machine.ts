import type { Clock } from '../contract/context.ts';
import {
  checkDisk,
  checkFolder,
  checkMemory,
  checkNode,
  checkPackages,
  guarded,
  type DoctorCheck,
} from './checks.ts';

/**
 * Whether this machine can run audits, and what to do where it cannot.
 * @param folder where the database and the report would go
 */
export async function examineMachine(folder: string, clock: Clock): Promise<readonly DoctorCheck[]> {
  const reinstall = 'Run npm ci in the project folder.';
  return [
    checkNode(),
    checkPackages(),
    // Loaded late: a broken native library must become a line of this list, not the end of the program.
    ...(await guarded('engine', reinstall, async () => (await import('./check-engines.ts')).checkEngines())),
    ...(await guarded('images', reinstall, async () => (await import('./check-images.ts')).checkImages())),
    ...(await guarded('database', reinstall, async () =>
      (await import('./check-database.ts')).checkDatabase(clock),
    )),
    ...(await guarded('folder', 'Work in another folder.', () => checkFolder(folder))),
    ...(await guarded('disk', 'Work in another folder.', () => checkDisk(folder))),
    checkMemory(),
  ];
}
