import type { AuditConfig } from '../contract/audit.ts';
import type { CellKey, Measurement } from '../contract/cell.ts';
import type { CellRow, PreparationRecord } from '../store/types.ts';
import { readUserId } from '../metrics/honest-users.ts';
import { DEFAULT_HONEST_ROWS } from '../plan/policy.ts';
import { withinVictimSize } from '../plan/victim-size.ts';
import { createRng } from '../rng.ts';
import { groupCells, readingsOf, type AttackGroup, type CellGroup, type Groups } from './groups.ts';
import type { GainMeasure } from '../contract/result.ts';
import {
  combine,
  createReplicator,
  type Replicated,
  type Replicator,
  type SeedReading,
} from './intervals.ts';
import type { MethodFacts } from './method-facts.ts';
import { chooseBaseline, hasAdvantage, stolenGain, type Control } from './stolen-gain.ts';

/** Everything judging reads, with its replicates: computed once, shared by verdicts, checks and findings. */
export interface Evidence {
  readonly config: AuditConfig;
  readonly preparation: PreparationRecord;
  readonly cells: readonly CellRow[];
  readonly measurements: JudgeInput['measurements'];
  readonly facts: MethodFacts;
  readonly groups: Groups;
  readonly tasks: readonly TaskEvidence[];
  /** Gains of attack groups on tasks where stolen gain is defined and measured. */
  readonly gains: readonly Gain[];
  readonly honest: readonly HonestEvidence[];
  /** Queries at which defenses are judged: the policy's budget, else the largest run below it, else the smallest. */
  readonly judgedBudget: number;
  /** `task` is null for what is measured of an encoder as a whole. */
  readonly measure: (group: CellGroup, metric: string, task: string | null) => Replicated | undefined;
  /** Readings of single cells, one per finished seed. */
  readonly readings: (cells: readonly CellRow[], metric: string, task: string) => readonly SeedReading[];
}

export interface TaskEvidence {
  readonly name: string;
  readonly classes: number;
  readonly victimProbe: Replicated | undefined;
  readonly victimKnn: Replicated | undefined;
  /** A0 per attacker class. */
  readonly baselines: { readonly without: Control | undefined; readonly backbone: Control | undefined };
  /** What stolen gain by each measure compares with: the victim, and A0 of both attacker classes by that measure. */
  readonly references: readonly GainReference[];
  /** Whether the victim beats A0 of the class, so that there is something to steal. */
  readonly defined: { readonly without: boolean; readonly backbone: boolean };
}

export interface GainReference {
  readonly measure: GainMeasure;
  readonly metric: string;
  readonly victim: Replicated | undefined;
  readonly without: Control | undefined;
  readonly backbone: Control | undefined;
}

export interface Gain {
  readonly group: AttackGroup;
  readonly task: string;
  readonly measure: GainMeasure;
  readonly gain: Replicated;
}

export interface HonestEvidence {
  readonly group: CellGroup;
  readonly task: string;
  readonly breadth: 'broad' | 'narrow';
  readonly rows: number;
  /** The policy's limits are asked of this user. */
  readonly isCounted: boolean;
  readonly refused: Replicated | undefined;
  readonly driftCosine: Replicated | undefined;
  readonly driftRecall: Replicated | undefined;
  readonly probeLoss: Replicated | undefined;
  readonly knnLoss: Replicated | undefined;
  readonly recall: Replicated | undefined;
}

export interface JudgeInput {
  readonly config: AuditConfig;
  readonly cells: readonly CellRow[];
  readonly measurements: ReadonlyMap<CellKey, readonly Measurement[]>;
  readonly preparation: PreparationRecord;
}

/** The probe first: it is what every attack is judged by. */
const gainMeasures: readonly (readonly [GainMeasure, metric: string])[] = [
  ['probe', 'probe-accuracy'],
  ['knn', 'knn-accuracy'],
  ['few-labels', 'few-label-probe-accuracy'],
  ['recall', 'neighbor-recall-10'],
];

export function gatherEvidence(input: JudgeInput, facts: MethodFacts): Evidence {
  const { config, cells, measurements, preparation } = input;
  const groups = groupCells(
    cells,
    facts,
    withinVictimSize(config.surrogate, preparation.inputs.preprocessing),
  );
  const replicator = createReplicator(createRng(config.seed).derive('intervals'));
  const known = new Map<CellGroup, Map<string, Replicated | undefined>>();
  const measure = (group: CellGroup, metric: string, task: string | null): Replicated | undefined => {
    const ofGroup = known.get(group) ?? new Map<string, Replicated | undefined>();
    known.set(group, ofGroup);
    const key = JSON.stringify([metric, task]);
    if (!ofGroup.has(key)) {
      const readings = readingsOf(group.done, measurements, metric, task);
      const drawn = task ?? metric;
      const mean =
        readings.length === 0 ? undefined : replicator.mean(readings, drawn, groupName(group, drawn));
      ofGroup.set(key, mean);
    }
    return ofGroup.get(key);
  };
  const tasks = preparation.tasks.map(({ name, classes }): TaskEvidence => {
    // A control cut short has no interval and would take it from every gain; those that finished stand for A0.
    const finished = groups.controls.filter(({ state }) => state === 'done');
    const cutShort = (group: AttackGroup): boolean =>
      group.state === 'not-run' && finished.some(({ usesBackbone }) => usesBackbone === group.usesBackbone);
    const comparable = groups.controls.filter((group) => !cutShort(group));
    const controlsBy = (metric: string): readonly Control[] =>
      comparable.flatMap((group): Control[] => {
        const accuracy = measure(group, metric, name);
        return accuracy === undefined
          ? []
          : [{ label: group.attack, usesBackbone: group.usesBackbone, accuracy }];
      });
    const victim = (metric: string): Replicated | undefined => {
      const readings = readingsOf(
        groups.victim.filter(({ state }) => state === 'done'),
        measurements,
        metric,
        name,
      );
      return readings.length === 0 ? undefined : replicator.fixed(readings, name);
    };
    const victimProbe = victim('probe-accuracy');
    const references = gainMeasures.map(([own, metric]): GainReference => {
      const controls = controlsBy(metric);
      return {
        measure: own,
        metric,
        // The victim finds all of its own neighbors.
        victim: own === 'recall' ? perfect(victimProbe) : victim(metric),
        without: chooseBaseline(controls, false),
        backbone: chooseBaseline(controls, true),
      };
    });
    const baselines = { without: references[0]?.without, backbone: references[0]?.backbone };
    const beats = (control: Control | undefined): boolean =>
      victimProbe !== undefined && control !== undefined && hasAdvantage(victimProbe, control.accuracy);
    return {
      name,
      classes: classes.length,
      victimProbe,
      victimKnn: victim('knn-accuracy'),
      baselines,
      references,
      defined: { without: beats(baselines.without), backbone: beats(baselines.backbone) },
    };
  });
  return {
    config,
    preparation,
    cells,
    measurements,
    facts,
    groups,
    tasks,
    measure,
    readings: (members, metric, task) => readingsOf(members, measurements, metric, task),
    gains: groups.attacks.flatMap((group) =>
      tasks.flatMap((task) => gainsOn(group, task, measure, isLinearOnFeatures(group, facts))),
    ),
    honest: groups.honest.flatMap((group) =>
      preparation.tasks.flatMap(({ name, fit }) =>
        usersOf(group, name, measurements).map((user) =>
          honestEvidence(group, { task: name, taskRows: fit.rows, user, config }, measurements, replicator),
        ),
      ),
    ),
    judgedBudget: judgedBudget(config),
  };
}

/**
 * Stolen gain by the probe; for a linear map of frozen features, whose probe only reads those features, by its neighbors
 * and by 100 labels too. Verdicts use the largest.
 */
function gainsOn(
  group: AttackGroup,
  task: TaskEvidence,
  measure: Evidence['measure'],
  isLinear: boolean,
): readonly Gain[] {
  return task.references.flatMap(({ measure: own, metric, victim, without, backbone }): Gain[] => {
    if (own !== 'probe' && !isLinear) return [];
    const baseline = group.usesBackbone ? backbone : without;
    const accuracy = measure(group, metric, task.name);
    if (baseline === undefined || accuracy === undefined || victim === undefined) return [];
    const gain = stolenGain(accuracy, baseline.accuracy, victim);
    return gain === undefined ? [] : [{ group, task: task.name, measure: own, gain }];
  });
}

function isLinearOnFeatures({ cells }: AttackGroup, facts: MethodFacts): boolean {
  const work = cells[0]?.work;
  return work?.kind === 'attack' && facts.isLinearOnFeatures(work.attack, work.surrogate);
}

function perfect(like: Replicated | undefined): Replicated | undefined {
  return like === undefined
    ? undefined
    : { ...like, value: 1, draws: like.draws === null ? null : new Float64Array(like.draws.length).fill(1) };
}

const CLEAN_PROBE = 'clean-probe-accuracy';

/** Users measured in any seed: the one with the whole task first, as an empty id. */
function usersOf(
  group: CellGroup,
  task: string,
  measurements: JudgeInput['measurements'],
): readonly string[] {
  const found = group.done.flatMap(({ key }) =>
    (measurements.get(key) ?? []).flatMap((entry) =>
      entry.task === task && entry.metric.startsWith(`${CLEAN_PROBE}@`)
        ? [entry.metric.slice(CLEAN_PROBE.length + 1)]
        : [],
    ),
  );
  return ['', ...new Set(found)];
}

function honestEvidence(
  group: CellGroup,
  of: {
    readonly task: string;
    readonly taskRows: number;
    readonly user: string;
    readonly config: AuditConfig;
  },
  measurements: JudgeInput['measurements'],
  replicator: Replicator,
): HonestEvidence {
  const { task, user } = of;
  const suffix = user === '' ? '' : `@${user}`;
  const share = readUserId(user) ?? { breadth: 'broad' as const, rows: of.taskRows };
  const mean = (metric: string): Replicated | undefined => {
    const readings = readingsOf(group.done, measurements, `${metric}${suffix}`, task);
    return readings.length === 0
      ? undefined
      : replicator.mean(readings, task, `${groupName(group, task)}/${metric}${suffix}`);
  };
  const loss = (metric: string): Replicated | undefined => {
    // Clean and defended of one seed share their test rows: the loss per item is what is resampled.
    const readings = group.done.flatMap((cell) => {
      const [clean] = readingsOf([cell], measurements, `clean-${metric}${suffix}`, task);
      const [defended] = readingsOf([cell], measurements, `honest-${metric}${suffix}`, task);
      if (clean === undefined || defended === undefined) return [];
      return [
        {
          value: clean.value - defended.value,
          items: clean.items?.map((value, i) => value - (defended.items?.[i] ?? 0)),
        },
      ];
    });
    return readings.length === 0
      ? undefined
      : replicator.mean(readings, task, `${groupName(group, task)}/${metric}${suffix}`);
  };
  return {
    group,
    task,
    ...share,
    isCounted: user === '' || share.rows >= (of.config.policy.minHonestRows ?? DEFAULT_HONEST_ROWS),
    probeLoss: loss('probe-accuracy'),
    knnLoss: loss('knn-accuracy'),
    recall: mean('honest-recall-10'),
    refused: mean('honest-refused-share'),
    driftCosine: mean('honest-drift-cosine'),
    driftRecall: mean('honest-drift-recall-10'),
  };
}

/** Seed deviates of different groups are independent; within a group and task, metrics move together. */
function groupName(group: CellGroup, task: string): string {
  const [cell] = group.cells;
  const work = cell?.work;
  const what =
    work?.kind === 'attack'
      ? [cell?.attackLabel ?? work.attack.id, work.budget, work.accounts]
      : [work?.kind ?? ''];
  return JSON.stringify([task, group.defense, ...what]);
}

function judgedBudget(config: AuditConfig): number {
  const within = config.budgets.filter((budget) => budget <= config.policy.budget);
  return within.length > 0 ? Math.max(...within) : Math.min(...config.budgets);
}

/** The negative of a quantity: the smallest of several is the largest of their negatives. */
export function negated(quantity: Replicated): Replicated {
  return combine([quantity], ([value = Number.NaN]) => -value);
}
