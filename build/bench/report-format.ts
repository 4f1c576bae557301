/** Process of `report.ts`: writes one format, or all, of a result and says what that took. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { AuditResult } from '../../audits/contract/result.ts';
import { findAllFormats, folderFormats, reportFormats } from '../../audits/report/formats/registry.ts';
import { writeFormats } from '../../audits/report/write-formats.ts';

const [file = '', format = '', folder = ''] = process.argv.slice(2);
const result = JSON.parse(readFileSync(file, 'utf8')) as AuditResult;
const ids = format === 'all' ? [...reportFormats, ...folderFormats].map(({ id }) => id) : [format];
mkdirSync(folder, { recursive: true });
const leftOut: string[] = [];
const began = performance.now();
const files = await writeFormats(
  result,
  findAllFormats(ids),
  { profile: 'engineer', writtenAt: '2026-01-03T00:00:00.000Z', moatVersion: result.moatVersion },
  folder,
  ({ name, error }) => void leftOut.push(`${name}: ${error.message}`),
);
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
writeFileSync(
  path.join(folder, 'took.json'),
  JSON.stringify({
    ms: performance.now() - began,
    cpuMs: (userCPUTime + systemCPUTime) / 1000,
    peakBytes: maxRSS * 1024,
    bytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    files: files.length,
    leftOut,
  }),
);
