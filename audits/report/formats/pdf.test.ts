import { expect, test } from 'vitest';
import type { AuditResult, MatrixCell } from '../../contract/result.ts';
import { sampleCell, sampleEstimate, sampleResult, sampleVerdict } from '../result.sample.ts';
import { html } from './html.ts';
import { pdf } from './pdf.ts';

/** What is given to the printer. */

const context = {
  profile: 'engineer',
  writtenAt: '2026-01-03T00:00:00.000Z',
  moatVersion: '0.1.0',
} as const;

/** The page that would be printed. */
async function paperOf(result: AuditResult): Promise<string> {
  let page = '';
  const printed = new Error('printed');
  await expect(
    pdf.render(result, {
      ...context,
      printPage: (given) => {
        page = given;
        return Promise.reject(printed);
      },
    }),
  ).rejects.toBe(printed);
  return page;
}

const rowsOf = (page: string): number => page.match(/<tr id="cell-\d+"/g)?.length ?? 0;
const deadLinks = (page: string): readonly (string | undefined)[] => {
  const ids = new Set([...page.matchAll(/\sid="([^"]+)"/g)].map((match) => match[1]));
  return [...page.matchAll(/href="#([^"]+)"/g)].map((match) => match[1]).filter((id) => !ids.has(id ?? ''));
};

function largeResult(): AuditResult {
  const matrix = Array.from({ length: 40 }, (_, d) => (d === 0 ? 'none' : `defense-${d}`)).flatMap(
    (defense, d) =>
      Array.from({ length: 10 }, (_outer, a) =>
        [500, 2000].map((budget): MatrixCell => {
          const cell = { attack: `attack-${a}`, defense, budget, cellKeys: [`${d}/${a}/${budget}`] };
          if (a === 9)
            return sampleCell({ ...cell, state: 'not-run', stolenGain: null, reason: 'No time was left.' });
          if (a === 8)
            return sampleCell({
              ...cell,
              state: 'failed',
              stolenGain: null,
              reason: `It broke on ${defense}.`,
            });
          return sampleCell({ ...cell, stolenGain: sampleEstimate((a + d) / 50) });
        }),
      ).flat(),
  );
  return sampleResult({
    matrix,
    verdicts: [...new Set(matrix.map(({ defense }) => defense))].map((defense) => sampleVerdict({ defense })),
    findings: [
      {
        id: 'encoder-extractable',
        title: 'It can be copied',
        severity: 'high',
        confidence: 'firm',
        explanation: '',
        fix: '',
        cellKeys: ['3/0/500'],
      },
    ],
  });
}

test('of a small audit paper has every cell that the page has', async () => {
  const result = sampleResult();
  const [paper, page] = [await paperOf(result), String(await html.render(result, context))];
  const unrun = result.matrix.filter(
    ({ state, stolenGain }) => state !== 'failed' && stolenGain === null,
  ).length;
  expect(rowsOf(paper)).toBe(rowsOf(page) - unrun);
  expect(rowsOf(page)).toBe(result.matrix.length);
}, 600_000);

test('of a large audit it has what decides, says how much it leaves out and where that is, and no link is dead', async () => {
  const result = largeResult();
  const paper = await paperOf(result);
  const rows = rowsOf(paper);
  expect(rows).toBe(500);
  expect(paper).toContain(`${result.matrix.length - rows} of 800`);
  expect(paper).toMatch(/no row here[\s\S]*result\.json, which is attached/);
  expect(deadLinks(paper)).toEqual([]);
  // The evidence of a finding has its row, though nothing is judged at that many queries.
  expect(paper).toMatch(/Evidence:[\s\S]{0,80}href="#cell-\d+"/);
  // On the screen everything has one.
  expect(rowsOf(String(await html.render(result, context)))).toBe(result.matrix.length);
});

test('what has no number is told by kind, failures first, and counted', async () => {
  const paper = await paperOf(largeResult());
  const section = paper.slice(
    paper.indexOf('What did not run to its end'),
    paper.indexOf('Repeats and intervals'),
  );
  const text = section.replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ');
  expect(text.indexOf('It broke on')).toBeLessThan(text.indexOf('No time was left.'));
  expect(text).toMatch(/attack- 9 40\sdefense settings 80 No time was left\./);
});
