import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { replaceBetween } from '../../audits/report/markdown-markers.ts';
import { folderFormats, reportFormats } from '../../audits/report/formats/registry.ts';
import { reportPages } from '../../audits/report/static-renderer.ts';
import { madeUpResult } from './made-up-result.ts';

/**
 * What the formats of a large report take, each in a process of its own, and all in one. The result is made up: no number of
 * it was measured.
 *
 * usage: npm run bench -- report [COMPARISONS] [--only FORMATS] [--write FILE]
 */
const tookSchema = z.object({
  ms: z.number(),
  cpuMs: z.number(),
  peakBytes: z.number(),
  bytes: z.number(),
  files: z.number(),
  leftOut: z.array(z.string()),
});

export async function benchReport(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { only: { type: 'string' }, write: { type: 'string' } },
  });
  const comparisons = Number(positionals[0] ?? 10_000);
  if (!Number.isSafeInteger(comparisons) || comparisons < 1)
    throw new Error(`${positionals[0]} is no number of comparisons.`);
  const formats = values.only?.split(',') ?? [
    ...[...reportFormats, ...folderFormats].map(({ id }) => id),
    'all',
  ];
  // Compiled beforehand: a user waits for that once.
  await reportPages((line) => console.error(line));
  const folder = mkdtempSync(path.join(tmpdir(), 'moat-bench-report-'));
  try {
    const result = madeUpResult(comparisons);
    const file = path.join(folder, 'result.json');
    writeFileSync(file, JSON.stringify(result));
    const rows: string[] = [];
    const notes: string[] = [];
    for (const format of formats) {
      console.error(`${format} ...`);
      const out = path.join(folder, format);
      const { status, stderr } = spawnSync(
        process.execPath,
        [
          '--disable-warning=ExperimentalWarning',
          path.join(import.meta.dirname, 'report-format.ts'),
          file,
          format,
          out,
        ],
        { encoding: 'utf8' },
      );
      if (status !== 0) throw new Error(`${format} ended with ${status}: ${stderr}`);
      const took = tookSchema.parse(JSON.parse(readFileSync(path.join(out, 'took.json'), 'utf8')));
      rows.push(
        `| ${format} | ${took.files} | ${(took.bytes / 1e6).toFixed(1)} | ${(took.ms / 1000).toFixed(1)} | ${(took.cpuMs / 1000).toFixed(1)} | ${(took.peakBytes / 1e6).toFixed(0)} |`,
      );
      notes.push(...took.leftOut.map((line) => `Left out: ${line}`));
      rmSync(out, { recursive: true, force: true });
    }
    const table = [
      `${result.matrix.length} made-up comparisons (${result.timeline?.cells.length ?? 0} cells) on ${cpus()[0]?.model.trim() ?? 'an unknown processor'}, ${cpus().length} threads, ${(loadavg()[0] ?? 0).toFixed(0)} programs that wanted a processor meanwhile:`,
      '',
      '| format | files | MB | s | processor time, s | peak memory, MB |',
      '|---|--:|--:|--:|--:|--:|',
      ...rows,
      '',
      'Processor time and memory are the whole process’s, from its start, with the result read from a file, and without the browser’s.',
      ...notes,
    ].join('\n');
    if (values.write !== undefined)
      writeFileSync(values.write, replaceBetween(readFileSync(values.write, 'utf8'), 'report', table));
    console.log(table);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
