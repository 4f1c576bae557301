import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { AuditId } from '../../audits/contract/cell.ts';
import type { AuditResult } from '../../audits/contract/result.ts';
import { compareSides } from '../../audits/report/compare/compare-results.ts';
import { comparisonMarkdown } from '../../audits/report/compare/comparison-markdown.ts';
import { fileNameOf, type ReportContext } from '../../audits/report/formats/format.ts';
import { reportFormats } from '../../audits/report/formats/registry.ts';
import { pageInput } from '../../audits/report/page-input.ts';
import { loadStaticRenderer } from '../../audits/report/static-renderer.ts';
import { openStore } from '../../audits/store/open.ts';
import { systemClock } from '../../audits/run/system-clock.ts';
import { earlierAuditId, judgedDatabase } from './earlier-database.ts';

/** What test/golden holds: a result made of stored measurements, and every format of it. */

export const goldenFolder = path.join(import.meta.dirname, '../golden');
/** The result from which the others are rendered. */
export const GOLDEN_RESULT = 'result.json';

const context: ReportContext = {
  profile: 'engineer',
  writtenAt: '2026-01-03T00:00:00.000Z',
  moatVersion: '0.1.0',
};

/** Judged today from measurements that an earlier build stored; the encoder lies where no machine has one. */
export function judgeGolden(): AuditResult {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'moat-golden-'));
  try {
    const store = openStore(judgedDatabase(folder), { mode: 'read', clock: systemClock });
    try {
      const result = store.reports.get(earlierAuditId as AuditId);
      if (result === undefined) throw new Error('the fixture has a result');
      return { ...result, encoder: { ...result.encoder, path: '/models/encoder.onnx' } };
    } finally {
      store.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Every text format by its file's name; of the page what is ours, without letters, style and script. */
export async function renderGolden(result: AuditResult): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const format of reportFormats.filter(({ id }) => id !== 'pdf')) {
    const text = String(await format.render(result, context));
    files.set(fileNameOf(format), format.id === 'html' ? markupOf(text) : text);
  }
  for (const profile of ['executive', 'regulator'] as const)
    for (const format of reportFormats.filter(({ id }) => id === 'md'))
      files.set(`report.${profile}.md`, String(await format.render(result, { ...context, profile })));
  const { renderFigures } = await loadStaticRenderer();
  for (const { name, svg } of renderFigures(pageInput(result, context)))
    files.set(`figures/${name}.svg`, svg);
  const of = (defense: string) => ({ result, defense });
  files.set(
    'comparison.md',
    comparisonMarkdown(compareSides(of('none'), of('gaussian-noise'), { today: '2026-01-03' })),
  );
  return files;
}

/** A line a tag, so that a difference is read where it is. */
function markupOf(page: string): string {
  return page
    .replaceAll(/<(style|script)>[\s\S]*?<\/\1>/g, '')
    .replaceAll(/ content="default-src[^"]*"/g, '')
    .replaceAll(/(<(?:h\d|p|tr|th|td|li|figure|svg|g|path|section|caption|table)\b)/g, '\n$1');
}

/** The first line in which two texts differ; undefined where there is none. */
export function firstDifference(
  before: string,
  after: string,
): { readonly line: number; readonly before: string; readonly after: string } | undefined {
  if (before === after) return undefined;
  const [a, b] = [before.split('\n'), after.split('\n')];
  const at = a.findIndex((line, i) => line !== b[i]);
  const line = at < 0 ? a.length : at;
  return { line: line + 1, before: a[line] ?? '(nothing)', after: b[line] ?? '(nothing)' };
}
