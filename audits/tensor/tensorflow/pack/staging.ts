import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

/** Where a pack is being made: `.tensorflow-PID`, so that others can be told who makes it. */
const pattern = /^\.tensorflow-(\d+)$/;

/** The process that a folder of this name belongs to, or belonged to. */
export function stagingOwner(name: string): number | undefined {
  const [, pid] = pattern.exec(name) ?? [];
  return pid === undefined ? undefined : Number(pid);
}

export function beginStaging(engines: string): string {
  const folder = path.join(engines, `.tensorflow-${process.pid}`);
  mkdirSync(folder);
  return folder;
}

/** Removes what installations left that were killed: for whoever holds the lock, under which nobody else is at work. */
export function removeLeftovers(engines: string): void {
  for (const name of readdirSync(engines))
    if (stagingOwner(name) !== undefined) rmSync(path.join(engines, name), { recursive: true, force: true });
}
