import type { AuditResult, RunCell, Flag, MatrixCell } from '../../audits/contract/result.ts';
import {
  sampleCell,
  sampleCurve,
  sampleEstimate,
  sampleResult,
  sampleVerdict,
} from '../../audits/report/result.sample.ts';

/** A result of any size, with what a real one has: failed cells, flags, every number with its interval. Not measured. */

const ATTACKS = 50;
const BUDGETS = [125, 250, 500, 1000, 2000];
const SEEDS = 3;
const CELL_MS = 900;

/** @param comparisons rounded up to whole defenses, each against 50 attacks at 5 budgets */
export function madeUpResult(comparisons: number): AuditResult {
  const defenses = Array.from({ length: Math.ceil(comparisons / (ATTACKS * BUDGETS.length)) }, (_, d) =>
    d === 0 ? 'none' : `defense-${d}:setting=${d}`,
  );
  const matrix: MatrixCell[] = [];
  const cells: RunCell[] = [];
  const flags: Flag[] = [];
  for (const [d, defense] of defenses.entries())
    for (let a = 0; a < ATTACKS; a++)
      for (const [b, budget] of BUDGETS.entries()) {
        const attack = `attack-${a}:loss=mse`;
        const isFailed = (a * 7 + d) % 41 === 0;
        const cellKeys = Array.from({ length: SEEDS }, (_, s) =>
          `${hex(d)}${hex(a)}${b}${s}`.padEnd(64, 'abcdef'),
        );
        matrix.push(
          sampleCell({
            attack,
            defense,
            budget,
            adaptive: a % 9 === 0,
            cellKeys,
            stolenGain: isFailed ? null : sampleEstimate(((a * 13 + d * 7 + b * 11) % 90) / 90),
            ...(isFailed ? { state: 'failed', reason: 'The loss became not finite.' } : {}),
          }),
        );
        if (matrix.length % 50 === 0)
          flags.push({
            id: 'not-converged',
            severity: 'weakens',
            sentence: 'Training had not converged.',
            scope: `cell:${cellKeys[0] ?? ''}`,
          });
        for (const [seed, key] of cellKeys.entries())
          cells.push({
            key,
            kind: 'attack',
            attack,
            defense,
            budget,
            seed,
            state: isFailed ? 'failed' : 'done',
            startMs: (cells.length * CELL_MS) / 2,
            endMs: (cells.length * CELL_MS) / 2 + CELL_MS,
            elapsedMs: CELL_MS,
            worker: (cells.length % 2) + 1,
          });
      }
  const { config } = sampleResult();
  return sampleResult({
    matrix,
    flags,
    timeline: { reused: 0, cells },
    config: { ...config, budgets: BUDGETS, policy: { ...config.policy, budget: BUDGETS.at(-1) ?? 0 } },
    verdicts: defenses.map((defense, i) =>
      sampleVerdict({
        defense,
        worstHonestLoss: defense === 'none' ? null : sampleEstimate(i / 2000, 0.002),
        worstStolenGain: sampleEstimate(0.9 - i / 60),
      }),
    ),
    curves: defenses.map((defense, i) =>
      sampleCurve({
        defense,
        points: BUDGETS.map((budget, b) => ({ budget, stolenGain: sampleEstimate(0.1 * b + i / 100) })),
      }),
    ),
  });
}

function hex(value: number): string {
  return value.toString(16).padStart(4, '0');
}
