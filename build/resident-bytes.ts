import { readFileSync } from 'node:fs';

/** Resident memory of a process and all its descendants; 0 where the system does not tell. */
export function residentBytes(root: number): number {
  try {
    const children = readFileSync(`/proc/${root}/task/${root}/children`, 'utf8').split(' ').filter(Boolean);
    const resident = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${root}/status`, 'utf8'))?.[1] ?? '0';
    return children.reduce((total, child) => total + residentBytes(Number(child)), Number(resident) * 1024);
  } catch {
    return 0;
  }
}
