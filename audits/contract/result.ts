import type { EncoderDescription, PreflightReport } from './encoder.ts';
import type { NetworkUse } from './endpoint.ts';
import type { ErrorCode } from './errors.ts';
import type { AuditConfig, CostAssumptions } from './audit.ts';
import type { CellState, CellWork, DatasetDigest, PoolDigest, Unit } from './cell.ts';

/**
 * The audit's result: one versioned JSON value from which every format is rendered.
 * Raw artifacts, measurements and verdicts are separate layers; this joins them.
 *
 * Version 2: query curves, raise factors, theft costs, fidelity, several honest users, and a surrogate and a query policy in
 * every row. Version 3: what a thief holds when a detector raises its alarm. A stored result of an earlier version is not translated: it is built again from the measurements beside it.
 */
export const resultSchemaVersion = 3;

/** A number with what weakens it. `low`/`high`: 95 % interval, null when it cannot be given. */
export interface Estimate {
  readonly value: number;
  readonly low: number | null;
  readonly high: number | null;
  readonly unit: Unit;
  /** Seeds behind it. */
  readonly seeds: number;
  /** Test items behind it. */
  readonly items: number;
  /** How the interval was made, or why there is none. */
  readonly method: string;
}

export type VerdictWord = 'pass' | 'fail' | 'inconclusive' | 'not-measured';

/** What a copy's worth is measured by where stolen gain is concerned. */
export type GainMeasure = 'probe' | 'knn' | 'few-labels' | 'recall';

/** Further likeness of a copy to the victim; null where it was not measured. */
export interface Fidelity {
  readonly agreement: Estimate | null;
  readonly neighborRecall: Estimate | null;
  readonly alignedR2: Estimate | null;
  readonly procrustesR2: Estimate | null;
  readonly rawCosine: Estimate | null;
  readonly rawL2: Estimate | null;
  readonly miScore: Estimate | null;
  /** Absent where it was not asked for, or the copy gives no gradients. */
  readonly transfer?: readonly TransferPoint[] | undefined;
}

/** What adversarial examples made on a copy (FGSM) do to the victim with its owner's linear head. */
export interface TransferPoint {
  /** Largest change of a pixel on [0, 1]. */
  readonly epsilon: number;
  /** Share of the images that the victim classifies rightly and then no longer does. */
  readonly success: Estimate;
  /** The same under random signs of the same size. */
  readonly random: Estimate;
  /** Success minus random, image by image. */
  readonly excess: Estimate;
  /** The victim's accuracy on the images that the copy classifies rightly, as the paper counts. */
  readonly victimAccuracy: Estimate | null;
}

export interface MatrixCell {
  /** The attack's spelling, in brackets a surrogate or query policy other than the audit's first. */
  readonly attack: string;
  /** The network the thief trains, as spelled on the command line. */
  readonly surrogate: string;
  /** Which images were sent first. */
  readonly queryPolicy: string;
  readonly defense: string;
  readonly budget: number;
  readonly accounts: number;
  readonly task: string;
  readonly state: CellState;
  /** Of the seeds asked for. */
  readonly seedsDone: number;
  readonly seedsPlanned: number;
  /** Largest over the measures the attack is judged by. */
  readonly stolenGain: Estimate | null;
  /** By each of those measures: the probe, and for linear maps of frozen features kNN, 100 labels and recall too. */
  readonly gains: readonly { readonly measure: GainMeasure; readonly stolenGain: Estimate }[];
  readonly relativeAccuracy: Estimate | null;
  readonly probeAccuracy: Estimate | null;
  readonly knnAccuracy: Estimate | null;
  /** Linear probe with 100 labels: what a linear map of a public backbone cannot simply read off the backbone. */
  readonly fewLabelAccuracy: Estimate | null;
  readonly cka: Estimate | null;
  readonly neighborOverlap: Estimate | null;
  readonly fidelity: Fidelity;
  /** How much of the service's mark the copy carries; absent where the defense leaves none. The same for every task. */
  readonly markScore?: Estimate | undefined;
  readonly queriesUsed: number | null;
  readonly uniqueInputs: number | null;
  readonly elapsedMs: number | null;
  readonly reason: string | null;
  readonly errorCode: ErrorCode | null;
  readonly adaptive: boolean;
  readonly cellKeys: readonly string[];
}

/** What a defense costs one kind of honest user, an account of their own. */
export interface HonestUserCost {
  readonly task: string;
  /** All classes of the task, or half of them. */
  readonly breadth: 'broad' | 'narrow';
  /** Images of their own: training set and gallery. */
  readonly rows: number;
  /** Whether the policy's limits are asked of this user. */
  readonly isCounted: boolean;
  /** Clean minus defended accuracy (0.01 = one point). */
  readonly probeLoss: Estimate | null;
  readonly knnLoss: Estimate | null;
  readonly recallAt10: Estimate | null;
  /** Share of the rows that the defense refused to answer; they count as lost. */
  readonly refused: Estimate | null;
  /** The same images sent again by another account: cosine, and recall across sessions. Only for the whole task. */
  readonly driftCosine: Estimate | null;
  readonly driftRecallAt10: Estimate | null;
}

/** What a defense adds to a reply: computing on this machine, and the reply's size. */
export interface ReplyOverhead {
  readonly microseconds: number | null;
  readonly bytes: number | null;
}

export interface DefenseVerdict {
  readonly defense: string;
  readonly verdict: VerdictWord;
  /** One sentence that names the deciding numbers. */
  readonly reason: string;
  /** Strongest attack at the policy's budget (else the largest run), worst task. */
  readonly strongestAttack: string | null;
  readonly worstStolenGain: Estimate | null;
  readonly protection: Estimate | null;
  readonly honest: readonly HonestUserCost[];
  readonly overhead: ReplyOverhead;
  readonly worstHonestLoss: Estimate | null;
  readonly worstRecallAt10: Estimate | null;
  readonly mustFace: readonly string[];
  readonly missingAttacks: readonly string[];
}

/** How a detector meets one kind of thief; `streams` and every rate are those of one seed. */
export interface DetectionByAttack {
  /** `natural-pool`, `sybil-slices`, `two-view`, `split-views`, `synthetic`. */
  readonly kind: string;
  readonly streams: number;
  /** Area under the ROC curve against all honest streams together. */
  readonly area: Estimate;
  /** Share of streams with an alarm. */
  readonly alarmRate: Estimate;
  /** At 1 % and 0.1 % false positives; `reason` where the honest streams are too few to say. */
  readonly truePositives: readonly {
    readonly falsePositiveRate: number;
    readonly rate: Estimate | null;
    readonly reason: string | null;
  }[];
  /** Median over streams with an alarm of rows the account had sent, mean over seeds; null without an alarm. */
  readonly queriesUntilAlarm: Estimate | null;
  /**
   * What the strongest attack on this defense has stolen after so many queries: what a copy is worth that was stopped by the
   * alarm. Null without an alarm or without a stolen gain.
   */
  readonly stolenGainAtAlarm: GainPoint | null;
}

/** A stolen gain as far as it is known: that of the smallest budget run is `at-most` what fewer queries bring. */
export interface GainPoint {
  readonly stolenGain: Estimate;
  readonly relation: QueryPoint['relation'];
}

/** How a defense that watches tells thieves from honest accounts. */
export interface DetectorEvaluation {
  readonly defense: string;
  /** Independent honest streams of one seed, all kinds together. */
  readonly benignStreams: number;
  readonly benign: readonly {
    readonly kind: string;
    readonly streams: number;
    readonly alarmRate: Estimate;
  }[];
  readonly attacks: readonly DetectionByAttack[];
  /** Errors on single rows, of defenses that judge them; `deviation` between batches of 256 images in two views. */
  readonly nearDuplicates: {
    readonly falsePositives: { readonly rate: Estimate; readonly deviation: number };
    readonly falseNegatives: { readonly rate: Estimate; readonly deviation: number };
  } | null;
}

/** Ownership tests on the copies of an attack against a defense: one test, or with `test: null` all together. */
export interface OwnershipRow {
  readonly attack: string;
  readonly defense: string;
  readonly budget: number;
  readonly accounts: number;
  /** Spelling of the test, as `moat own --tests` takes it. */
  readonly test: string | null;
  /** Larger is more like a copy; mean over the seeds' copies. Null for all tests together. */
  readonly value: Estimate | null;
  /** What the victim itself scores. */
  readonly victim: number | null;
  /** The same number of the independent encoders; null without any that took part. */
  readonly independent: {
    readonly encoders: number;
    readonly mean: number;
    readonly deviation: number;
    readonly largest: number;
  } | null;
  /** Copies, one per seed, each judged by itself; the figures below are those of the weakest. */
  readonly seeds: number;
  /** Hedges' g in deviations between independent encoders; null with fewer than three. */
  readonly effect: number | null;
  /** `(1 + independent encoders at least as alike) / (1 + all)`; null where no claim is possible. */
  readonly p: number | null;
  readonly claimedSeeds: number | null;
  /** Every seed's copy would be claimed; null where no claim is possible. */
  readonly claimed: boolean | null;
  /** Exact one-sided 95 % bound of how often an independent encoder is at least as alike. */
  readonly falseClaimBound: number | null;
}

/** Could the owner tell the copies that were made? */
export interface OwnershipEvaluation {
  readonly rule: { readonly level: number; readonly leastEffect: number };
  /** Encoders known not to come from the victim that copies are judged against. */
  readonly independent: {
    readonly encoders: number;
    /** Of them, brought by the user. */
    readonly zoo: number;
    /** Of them, networks that were never trained. */
    readonly untrained: number;
  };
  /** Why nothing can be claimed; null where it can. */
  readonly reason: string | null;
  readonly rows: readonly OwnershipRow[];
}

/** A number of queries as far as it is known: within the budgets run, below the smallest, beyond the largest. */
export interface QueryPoint {
  readonly queries: number;
  readonly relation: 'at' | 'at-most' | 'more-than';
}

export interface CurvePoint {
  readonly budget: number;
  /** Worst over tasks. */
  readonly stolenGain: Estimate;
}

/** Queries that reach a level of stolen gain; ends null without an interval. */
export interface CurveCrossing {
  readonly level: number;
  readonly value: QueryPoint;
  readonly low: QueryPoint | null;
  readonly high: QueryPoint | null;
}

/** Stolen gain over queries, ascending; `attack` and `accounts` null for the strongest attack at each budget. */
export interface QueryCurve {
  readonly defense: string;
  readonly attack: string | null;
  readonly accounts: number | null;
  readonly points: readonly CurvePoint[];
  /** Mean stolen gain over log n; null for a single budget. */
  readonly area: Estimate | null;
  readonly crossings: readonly CurveCrossing[];
}

/** `Q(defended) / Q(undefended)`, smallest over attacks; null where the level was not reached undefended. */
export interface RaiseFactor {
  readonly defense: string;
  readonly level: number;
  /** Null for the strongest curve. */
  readonly attack: string | null;
  readonly factor: { readonly value: number; readonly relation: QueryPoint['relation'] } | null;
}

/** What the cheapest known way to a level of stolen gain costs; at the largest budget where the level was not reached. */
export interface TheftCost {
  readonly defense: string;
  readonly level: number;
  readonly attack: string;
  readonly accounts: number;
  readonly queries: QueryPoint;
  /** Rows sent, repeats included. */
  readonly rows: number;
  readonly labels: number;
  /** US dollars, all together; no less where `queries` is `more-than`. */
  readonly dollars: number;
  /** Computing, as measured on the machine of the audit, and the work that the defense asks for. */
  readonly hours: number;
  /** What the defense itself made the thief pay; both are part of the two figures above, and 0 for most defenses. */
  readonly charged: { readonly dollars: number; readonly hours: number };
  /** Dollars over the victim's training cost; null where that is unknown. */
  readonly shareOfTraining: number | null;
}

export type FlagSeverity = 'note' | 'weakens' | 'invalidates';

/** A validity warning and the numbers it weakens. */
export interface Flag {
  readonly id: string;
  readonly severity: FlagSeverity;
  readonly sentence: string;
  /** `audit`, `victim`, `task:NAME`, `defense:LABEL`, `cell:KEY`. */
  readonly scope: string;
}

export interface Finding {
  readonly id: string;
  readonly title: string;
  readonly severity: 'critical' | 'high' | 'medium' | 'low' | 'info';
  readonly confidence: 'certain' | 'firm' | 'tentative';
  readonly explanation: string;
  readonly fix: string;
  readonly cellKeys: readonly string[];
}

export interface TaskBaseline {
  readonly task: string;
  readonly classes: number;
  readonly fitRows: number;
  readonly scoreRows: number;
  readonly victimProbe: Estimate | null;
  readonly victimKnn: Estimate | null;
  /** Best no-victim control, fixed per attacker class. */
  readonly noVictimProbe: Estimate | null;
  readonly noVictimVariant: string | null;
}

/** One cell as it ran. Milliseconds since the audit began. */
export interface RunCell {
  readonly key: string;
  readonly kind: CellWork['kind'];
  readonly attack: string | null;
  readonly defense: string | null;
  readonly budget: number | null;
  readonly seed: number;
  readonly state: 'done' | 'failed' | 'running';
  readonly startMs: number;
  /** Null while it runs. */
  readonly endMs: number | null;
  /** What its work took; less than from start to end where it was begun again. Null without a result. */
  readonly elapsedMs: number | null;
  /** Which of the worker processes ran it, from 1; null where that was not kept. */
  readonly worker: number | null;
}

/** When the cells ran, in the order in which they began. */
export interface RunTimeline {
  /** Cells taken over from an earlier audit of the same database: they took this one no time. */
  readonly reused: number;
  readonly cells: readonly RunCell[];
}

export interface AuditResult {
  readonly schemaVersion: typeof resultSchemaVersion;
  readonly moatVersion: string;
  readonly auditId: string;
  readonly createdAt: string;
  readonly finishedAt: string | null;
  readonly state: 'completed' | 'cancelled' | 'incomplete';
  readonly config: AuditConfig;
  readonly encoder: EncoderDescription;
  readonly preflight: PreflightReport;
  readonly data: {
    readonly pool: PoolDigest & {
      readonly removedDuplicates: number;
      readonly corrupt: readonly string[];
    };
    readonly tasks: readonly {
      readonly name: string;
      readonly fit: DatasetDigest;
      readonly score: DatasetDigest;
      readonly corrupt: readonly string[];
    }[];
  };
  readonly baselines: readonly TaskBaseline[];
  readonly matrix: readonly MatrixCell[];
  readonly verdicts: readonly DefenseVerdict[];
  readonly curves: readonly QueryCurve[];
  readonly raiseFactors: readonly RaiseFactor[];
  /** One entry per defense that watches and was measured. */
  readonly detection: readonly DetectorEvaluation[];
  /** Absent where no ownership tests were asked for. */
  readonly ownership?: OwnershipEvaluation | undefined;
  readonly theft: { readonly assumptions: CostAssumptions; readonly costs: readonly TheftCost[] };
  readonly recommendation: { readonly defense: string | null; readonly sentence: string };
  readonly headline: string;
  readonly findings: readonly Finding[];
  readonly flags: readonly Flag[];
  readonly cost: { readonly queries: number; readonly dollars: number; readonly elapsedMs: number };
  /** Absent in results stored before it was kept. */
  readonly timeline?: RunTimeline | undefined;
  /** What was asked of the network, by all audits of this service in the database; absent where nothing was. */
  readonly network?: NetworkUse | undefined;
  readonly environment: Readonly<Record<string, string | number>>;
}
