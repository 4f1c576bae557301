import { readFileSync } from 'node:fs';

/** Whether a process does anything still: one that has ended and was not collected yet does not. Linux. */
export function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
