import type { EncoderDescription, PreflightReport } from './encoder.ts';
import type { ErrorCode } from './errors.ts';
import type { AuditConfig } from './audit.ts';
import type { CellState, DatasetDigest, Unit } from './cell.ts';

/**
 * The audit's result: one versioned JSON value from which every format is rendered.
 * Raw artifacts, measurements and verdicts are separate layers; this joins them.
 */
export const resultSchemaVersion = 1;

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

export interface MatrixCell {
  readonly attack: string;
  readonly defense: string;
  readonly budget: number;
  readonly accounts: number;
  readonly task: string;
  readonly state: CellState;
  /** Of the seeds asked for. */
  readonly seedsDone: number;
  readonly seedsPlanned: number;
  readonly stolenGain: Estimate | null;
  readonly relativeAccuracy: Estimate | null;
  readonly probeAccuracy: Estimate | null;
  readonly knnAccuracy: Estimate | null;
  /** Linear probe with 100 labels: what a linear map of a public backbone cannot simply read off the backbone. */
  readonly fewLabelAccuracy: Estimate | null;
  readonly cka: Estimate | null;
  readonly neighborOverlap: Estimate | null;
  readonly queriesUsed: number | null;
  readonly uniqueInputs: number | null;
  readonly elapsedMs: number | null;
  readonly reason: string | null;
  readonly errorCode: ErrorCode | null;
  readonly adaptive: boolean;
  readonly cellKeys: readonly string[];
}

export interface HonestUserCost {
  readonly task: string;
  /** Clean minus defended accuracy (0.01 = one point). */
  readonly probeLoss: Estimate | null;
  readonly knnLoss: Estimate | null;
  readonly recallAt10: Estimate | null;
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
  readonly worstHonestLoss: Estimate | null;
  readonly worstRecallAt10: Estimate | null;
  readonly mustFace: readonly string[];
  readonly missingAttacks: readonly string[];
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
    readonly pool: DatasetDigest & {
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
  readonly recommendation: { readonly defense: string | null; readonly sentence: string };
  readonly headline: string;
  readonly findings: readonly Finding[];
  readonly flags: readonly Flag[];
  readonly cost: { readonly queries: number; readonly dollars: number; readonly elapsedMs: number };
  readonly environment: Readonly<Record<string, string | number>>;
}
