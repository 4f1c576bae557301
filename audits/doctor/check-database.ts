import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Clock } from '../contract/context.ts';
import { packageVersion } from '../report/environment.ts';
import { openStore } from '../store/open.ts';
import { ok, type DoctorCheck } from './checks.ts';

/** A database can be created and written in the folder for temporary files. */
export function checkDatabase(clock: Clock): DoctorCheck {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'moat-doctor-'));
  try {
    openStore(path.join(folder, 'doctor.db'), { mode: 'write', clock }).close();
    return ok('database', `SQLite works (better-sqlite3 ${packageVersion('better-sqlite3') ?? 'missing'}).`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
