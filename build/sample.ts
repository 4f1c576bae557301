import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { AuditResult } from '../audits/contract/result.ts';
import type { ReportContext, ReportFormat } from '../audits/report/formats/format.ts';
import { findFormats } from '../audits/report/formats/registry.ts';
import { resultSchema } from '../audits/report/result-schema.ts';
import { withoutFolders } from './sample/without-folders.ts';

/**
 * Writes the sample report (docs/sample) from a stored audit, with its sizes and times beside the limits.
 *
 * usage: npm run sample -- --db FILE [--audit ID] [--out DIR]
 *        npm run sample -- --result result.json [--out DIR]
 */
const root = path.join(import.meta.dirname, '..');
const { values } = parseArgs({
  options: {
    db: { type: 'string' },
    audit: { type: 'string' },
    result: { type: 'string' },
    out: { type: 'string', default: path.join(root, 'docs', 'sample') },
  },
});

interface Limit {
  readonly format: string;
  readonly file: string;
  readonly mostBytes: number;
  readonly mostMs: number;
}
const limits: readonly Limit[] = [
  { format: 'html', file: 'report.html', mostBytes: 1_500_000, mostMs: 1000 },
  { format: 'pdf', file: 'report.pdf', mostBytes: Infinity, mostMs: 10_000 },
  { format: 'json', file: 'result.json', mostBytes: Infinity, mostMs: Infinity },
];

const result = withoutFolders(readResult());
const context: ReportContext = {
  profile: 'engineer',
  // The audit's own time: written twice, the same bytes.
  writtenAt: result.finishedAt ?? result.createdAt,
  moatVersion: result.moatVersion,
};
const rendered = [];
for (const limit of limits) {
  const [format] = findFormats([limit.format]);
  if (format === undefined) throw new Error(`${limit.format} is a format`);
  rendered.push({ ...limit, ...(await timed(format)) });
}
const measured = result.matrix.filter(({ stolenGain }) => stolenGain !== null).length;
const { timeLimitMs, attacks, defenses, budgets, accounts, seeds } = result.config;
const limit = timeLimitMs === undefined ? '' : `, within ${timeLimitMs / 60_000} minutes`;
mkdirSync(values.out, { recursive: true });
for (const { file, content } of rendered) writeFileSync(path.join(values.out, file), content);
const table = rendered.map(({ file, bytes, ms, mostBytes, mostMs }) => [
  file,
  `${bytes}`,
  Number.isFinite(mostBytes) ? `${mostBytes}` : '',
  `${Math.round(ms)}`,
  Number.isFinite(mostMs) ? `${mostMs}` : '',
]);
const lines = [
  '| file | bytes | limit | ms | limit |',
  '| --- | ---: | ---: | ---: | ---: |',
  ...table.map((row) => `| ${row.join(' | ')} |`),
];
writeFileSync(
  path.join(values.out, 'README.md'),
  [
    '# Sample report',
    '',
    `Audit \`${result.auditId}\`, preset ${result.config.preset.id} v${result.config.preset.version}, ${result.matrix.length} comparisons (${measured} with a stolen gain${limit}), state ${result.state}; written by \`npm run sample\`. Folders of the machine that measured are cut out of the result.`,
    '',
    `Of the preset's battery it has ${attacks.length} attacks and controls, ${defenses.length} settings of defenses (none is one), and what was made against them; ${budgets.join(' and ')} queries, ${accounts.join(' and ')} accounts, ${seeds} seeds. Chapter 13 of the report has the whole configuration.`,
    '',
    ...lines,
    '',
    'Times: of the page the best of four renderings, in a process that has loaded it; of the PDF one printing, the start of the browser included.',
    '',
  ].join('\n'),
);
console.log(lines.join('\n'));
for (const { file, ms, mostMs } of rendered)
  if (ms > mostMs) console.error(`${file} took longer than its limit; on a busy machine that says little`);
const tooLarge = rendered.filter(({ bytes, mostBytes }) => bytes > mostBytes);
for (const { file } of tooLarge) console.error(`${file} is larger than its limit`);
process.exitCode = tooLarge.length === 0 ? 0 : 1;

/** From the file named, else what `moat report` makes of a stored audit: the newest without --audit. */
function readResult(): AuditResult {
  if (values.result !== undefined) return parsed(values.result);
  if (values.db === undefined || !existsSync(values.db))
    throw new Error(`${values.db ?? '--db or --result'} is missing: name a database or a result.json`);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'moat-sample-'));
  try {
    const { status, stderr } = spawnSync(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        path.join(root, 'audits/cli/main.ts'),
        'report',
        ...(values.audit === undefined ? [] : [values.audit]),
        '--db',
        path.resolve(values.db),
        '--format',
        'json',
        '--out',
        folder,
      ],
      { encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(`moat report ended with ${status}: ${stderr}`);
    return parsed(path.join(folder, 'result.json'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function parsed(file: string): AuditResult {
  const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
  const read = resultSchema.safeParse(value);
  if (!read.success)
    throw new Error(`${file} is no result of this Moat: ${read.error.issues[0]?.message ?? 'unknown'}`);
  // As it stands in the file: what a schema does not know is not dropped.
  return value as AuditResult;
}

async function timed(
  format: ReportFormat,
): Promise<{ readonly content: string | Uint8Array; readonly bytes: number; readonly ms: number }> {
  let best = Infinity;
  let content: string | Uint8Array = '';
  // The first page waits for its components to be compiled and loaded; a busy machine is slow once and not always.
  for (let i = 0; i < (format.id === 'html' ? 4 : 1); i += 1) {
    const began = performance.now();
    content = await format.render(result, context);
    best = Math.min(best, performance.now() - began);
  }
  return { content, bytes: Buffer.byteLength(content), ms: best };
}
