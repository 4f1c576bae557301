import type { Estimate, MatrixCell, TaskBaseline } from '../contract/result.ts';
import type { Evidence, TaskEvidence } from './evidence.ts';
import { extremeEstimate } from './extremes.ts';
import type { AttackGroup } from './groups.ts';
import { combine, toEstimate, type Replicated } from './intervals.ts';
import { quantities, unbounded, type Quantity } from './quantities.ts';
import { transferPoints } from './transfer-points.ts';

/** The matrix of the result: every attack group on every task, controls and cells that did not run included. */
export function buildMatrix(evidence: Evidence): readonly MatrixCell[] {
  const { controls, attacks } = evidence.groups;
  return [...controls, ...attacks].flatMap((group) =>
    evidence.tasks.map((task) => matrixCell(evidence, group, task)),
  );
}

function matrixCell(evidence: Evidence, group: AttackGroup, task: TaskEvidence): MatrixCell {
  const measured = (metric: string): Replicated | undefined => evidence.measure(group, metric, task.name);
  const probe = measured('probe-accuracy');
  const transfer = transferPoints(evidence, group, task.name);
  const mark = evidence.measure(group, 'mark-score', null);
  const gains = evidence.gains.filter((entry) => entry.group === group && entry.task === task.name);
  const failed = group.cells.find(({ state }) => state === 'failed');
  return {
    attack: group.attack,
    surrogate: group.surrogate,
    queryPolicy: group.queryPolicy,
    defense: group.defense,
    budget: group.budget,
    accounts: group.accounts,
    task: task.name,
    state: group.state,
    seedsDone: group.done.length,
    seedsPlanned: group.cells.length,
    stolenGain: extremeEstimate(
      gains.map(({ gain }) => gain),
      quantities.ratio,
    ),
    gains: gains.map(({ measure, gain }) => ({ measure, stolenGain: toEstimate(gain, quantities.ratio) })),
    relativeAccuracy: optional(relative(probe, task.victimProbe), quantities.quotient),
    probeAccuracy: optional(probe),
    knnAccuracy: optional(measured('knn-accuracy')),
    fewLabelAccuracy: optional(measured('few-label-probe-accuracy')),
    cka: optional(measured('cka')),
    neighborOverlap: optional(measured('neighbor-overlap-10')),
    fidelity: {
      agreement: optional(measured('agreement')),
      neighborRecall: optional(measured('neighbor-recall-10')),
      alignedR2: optional(measured('aligned-r2'), quantities.determination),
      procrustesR2: optional(measured('procrustes-r2'), quantities.determination),
      rawCosine: optional(measured('raw-cosine'), quantities.cosine),
      rawL2: optional(measured('raw-l2'), quantities.distance),
      miScore: optional(measured('mi-score'), unbounded('fraction')),
      ...(transfer === undefined ? {} : { transfer }),
    },
    ...(mark === undefined ? {} : { markScore: toEstimate(mark, quantities.ratio) }),
    queriesUsed: overSeeds(group, (cell) => sum(cell.ledger.map(({ rows }) => rows))),
    uniqueInputs: overSeeds(group, (cell) => sum(cell.ledger.map(({ uniqueInputs }) => uniqueInputs))),
    elapsedMs:
      group.done.length === 0 ? null : Math.round(sum(group.done.map(({ elapsedMs }) => elapsedMs ?? 0))),
    reason: reasonOf(group, task, probe, gains.length > 0),
    errorCode: failed?.error?.code ?? null,
    adaptive: group.adaptive,
    cellKeys: group.cells.map(({ key }) => key),
  };
}

/** Why a number is missing, where one is. */
function reasonOf(
  group: AttackGroup,
  task: TaskEvidence,
  probe: Replicated | undefined,
  hasGain: boolean,
): string | null {
  const stopped = group.cells.find(({ state }) => state === group.state);
  if (group.state !== 'done') return stopped?.error?.message ?? stopped?.reason ?? null;
  if (group.control || hasGain) return null;
  if (probe === undefined) return `No probe accuracy was measured on ${task.name}.`;
  return undefinedGain(task, group.usesBackbone);
}

/** Why stolen gain has no value on a task for an attacker class. */
export function undefinedGain(task: TaskEvidence, usesBackbone: boolean): string {
  if (task.victimProbe === undefined) return `The victim was not measured on ${task.name}.`;
  const baseline = usesBackbone ? task.baselines.backbone : task.baselines.without;
  if (baseline === undefined)
    return usesBackbone
      ? `No control with the public backbone ran on ${task.name}.`
      : `No no-victim control ran on ${task.name}.`;
  return `On ${task.name} the victim is not better than ${baseline.label} within its interval: there is nothing to steal.`;
}

/** What each task offers to steal: the victim, and what an attacker has without it. */
export function buildBaselines(evidence: Evidence): readonly TaskBaseline[] {
  return evidence.tasks.map((task, i): TaskBaseline => {
    const prepared = evidence.preparation.tasks[i];
    const { without, backbone } = task.baselines;
    // The class without a backbone is every attacker's; the other one is named beside it where it differs.
    const shown = without ?? backbone;
    const other =
      backbone !== undefined && without !== undefined && backbone.label !== without.label
        ? `; with the public backbone ${backbone.label} (${(backbone.accuracy.value * 100).toFixed(1)} %)`
        : '';
    return {
      task: task.name,
      classes: task.classes,
      fitRows: prepared?.fit.rows ?? 0,
      scoreRows: prepared?.score.rows ?? 0,
      victimProbe: optional(task.victimProbe),
      victimKnn: optional(task.victimKnn),
      noVictimProbe: optional(shown?.accuracy),
      noVictimVariant: shown === undefined ? null : `${shown.label}${other}`,
    };
  });
}

function relative(probe: Replicated | undefined, victim: Replicated | undefined): Replicated | undefined {
  if (probe === undefined || victim === undefined || !(victim.value > 0)) return undefined;
  const quotient = combine([probe, victim], ([g = Number.NaN, f = Number.NaN]) => g / f);
  return { ...quotient, seeds: probe.seeds };
}

function optional(value: Replicated | undefined, quantity: Quantity = quantities.share): Estimate | null {
  return value === undefined ? null : toEstimate(value, quantity);
}

function overSeeds(group: AttackGroup, of: (cell: AttackGroup['cells'][number]) => number): number | null {
  return group.done.length === 0 ? null : Math.round(sum(group.done.map(of)) / group.done.length);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
