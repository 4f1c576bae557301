import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import type { MachineGauge } from '../contract/bridge.ts';

/** Pages of Linux's `/proc/PID/statm`. */
const PAGE_BYTES = 4096;
const PATIENCE_MS = 2000;

/** What a process, those it started and the graphics device use now; null and this process alone where nothing more can be read. */
export async function readGauge(pid: number): Promise<Pick<MachineGauge, 'residentBytes' | 'device'>> {
  return {
    residentBytes: familyBytes(pid) ?? process.memoryUsage.rss(),
    device: await nvidiaMemory(),
  };
}

/** Resident memory of a process and all it started; undefined where the system has no `/proc`. */
function familyBytes(pid: number): number | undefined {
  const parents = new Map<number, number>();
  try {
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      const stat = read(`/proc/${name}/stat`);
      // The command in brackets may hold anything; the parent is the second field after it (proc_pid_stat(5)).
      const parent = /^\s\S\s(\d+)/.exec(stat.slice(stat.lastIndexOf(')') + 1))?.[1];
      if (parent !== undefined) parents.set(Number(name), Number(parent));
    }
  } catch {
    return undefined;
  }
  const isOfFamily = (id: number | undefined): boolean =>
    id !== undefined && id > 0 && (id === pid || isOfFamily(parents.get(id)));
  const family = [...parents.keys()].filter(isOfFamily);
  if (family.length === 0) return undefined;
  return family.reduce(
    (sum, id) => sum + PAGE_BYTES * Number(read(`/proc/${id}/statm`).split(' ')[1] ?? 0),
    0,
  );
}

/** Empty for a process that ended meanwhile. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

let hasNvidia: boolean | undefined;

async function nvidiaMemory(): Promise<MachineGauge['device']> {
  if (hasNvidia === false) return null;
  try {
    const { stdout } = await promisify(execFile)(
      'nvidia-smi',
      ['--query-gpu=name,memory.used,memory.total', '--format=csv,noheader,nounits'],
      { timeout: PATIENCE_MS },
    );
    hasNvidia = true;
    return parseNvidia(stdout);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') hasNvidia = false;
    return null;
  }
}

/** The first line of what `nvidia-smi` prints: `NVIDIA H200, 1234, 143771`, in MiB. */
export function parseNvidia(text: string): MachineGauge['device'] {
  const match = /^(.+), (\d+), (\d+)$/m.exec(text);
  if (match === null) return null;
  const [, name = '', used, total] = match;
  return { name, usedBytes: Number(used) * 2 ** 20, totalBytes: Number(total) * 2 ** 20 };
}
