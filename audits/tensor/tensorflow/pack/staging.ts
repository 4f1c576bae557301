import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

/** Where a pack is being made: `.tensorflow-PID`, so that a later installation can tell whether anyone still is. */
const pattern = /^\.tensorflow-(\d+)$/;

export function beginStaging(engines: string): string {
  const folder = path.join(engines, `.tensorflow-${process.pid}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  return folder;
}

/** Removes what installations left that were killed. @returns how many there were */
export function removeLeftovers(engines: string): number {
  if (!existsSync(engines)) return 0;
  const dead = readdirSync(engines).filter((name) => {
    const [, pid] = pattern.exec(name) ?? [];
    return pid !== undefined && !isAlive(Number(pid));
  });
  for (const name of dead) rmSync(path.join(engines, name), { recursive: true, force: true });
  return dead.length;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    // Not ours to signal, but there.
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM';
  }
}
