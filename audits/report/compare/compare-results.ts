import { defenseName } from '../../contract/defense-name.ts';
import { MoatError } from '../../contract/errors.ts';
import type { AuditResult, Estimate, VerdictWord } from '../../contract/result.ts';
import { decideGate } from '../../score/gate.ts';
import { metricRows, type MetricRow } from '../formats/metric-rows.ts';
import type { Acceptance } from './acceptances.ts';
import { configurationDiff, type ConfigurationDifference } from './configuration-diff.ts';
import { differenceOf, type Difference } from './difference.ts';
import { higherIs } from './directions.ts';
import { findingChanges, type FindingChange } from './finding-changes.ts';

export const comparisonSchemaVersion = 1;

/** An audit, or one defense of it. */
export interface ComparedSide {
  readonly result: AuditResult;
  /** Null: all of them, each against its own name on the other side. */
  readonly defense: string | null;
}

/** @throws MoatError `usage` naming the defenses there are */
export function requireDefense(result: AuditResult, defense: string | null): void {
  if (defense !== null && !result.verdicts.some((verdict) => verdict.defense === defense))
    throw new MoatError(
      'usage',
      `Audit ${result.auditId} has no defense "${defense}"; it has ${result.verdicts.map((verdict) => verdict.defense).join(', ')}.`,
    );
}

export interface MetricChange extends Difference {
  readonly kind: MetricRow['kind'];
  readonly attack: string | null;
  readonly defense: string | null;
  readonly budget: number | null;
  readonly accounts: number | null;
  readonly task: string | null;
  readonly user: string | null;
  readonly metric: string;
  readonly before: Estimate | null;
  readonly after: Estimate | null;
  /** Why the word is what it is, where numbers alone do not say it. */
  readonly reason: string | null;
}

export interface SideSummary {
  readonly auditId: string;
  readonly createdAt: string;
  readonly encoder: string;
  readonly encoderDigest: string;
  readonly defense: string | null;
  readonly verdict: VerdictWord;
  readonly headline: string;
}

export interface Comparison {
  readonly schemaVersion: typeof comparisonSchemaVersion;
  readonly before: SideSummary;
  readonly after: SideSummary;
  readonly configuration: readonly ConfigurationDifference[];
  readonly changes: readonly MetricChange[];
  readonly findings: readonly FindingChange[];
  /** What a reader must know before trusting a word. */
  readonly notes: readonly string[];
}

/**
 * What changed from one audit to another, or from one defense to another within one. Pure.
 * @param today `YYYY-MM-DD` in UTC, by which acceptances expire
 */
export function compareSides(
  before: ComparedSide,
  after: ComparedSide,
  options: { readonly acceptances?: readonly Acceptance[]; readonly today: string },
): Comparison {
  const otherImages = tasksOnOtherImages(before.result, after.result);
  const changes = metricChanges(before, after, otherImages);
  return {
    schemaVersion: comparisonSchemaVersion,
    before: summarize(before),
    after: summarize(after),
    configuration: configurationDiff(before.result, after.result),
    changes,
    findings: findingChanges(before.result, after.result, options.acceptances ?? [], options.today),
    notes: notesOn(changes, otherImages),
  };
}

function summarize({ result, defense }: ComparedSide): SideSummary {
  const own = result.verdicts.find((verdict) => verdict.defense === defense);
  return {
    auditId: result.auditId,
    createdAt: result.createdAt,
    encoder: result.encoder.path,
    encoderDigest: result.encoder.digest,
    defense,
    verdict: defense === null ? decideGate(result).verdict : (own?.verdict ?? 'not-measured'),
    headline:
      defense === null ? result.headline : (own?.reason ?? `${defenseName(defense)} was not audited.`),
  };
}

function metricChanges(
  before: ComparedSide,
  after: ComparedSide,
  otherImages: ReadonlySet<string>,
): readonly MetricChange[] {
  const acrossDefenses = before.defense !== null && after.defense !== null;
  const rowsOf = ({ result, defense }: ComparedSide) =>
    metricRows(result).filter(
      (row) => higherIs(row) !== undefined && (defense === null || row.defense === defense),
    );
  const earlier = new Map(rowsOf(before).map((row) => [identityOf(row, acrossDefenses), row]));
  const later = new Map(rowsOf(after).map((row) => [identityOf(row, acrossDefenses), row]));
  return [...new Set([...earlier.keys(), ...later.keys()])].flatMap((key) => {
    const a = earlier.get(key);
    const b = later.get(key);
    const row = b ?? a;
    const direction = row === undefined ? undefined : higherIs(row);
    if (row === undefined || direction === undefined) return [];
    // Two cells without a number say nothing about each other.
    if ((a?.estimate ?? null) === null && (b?.estimate ?? null) === null) return [];
    const sides = { before: a?.estimate ?? null, after: b?.estimate ?? null };
    const difference = differenceOf(sides.before, sides.after, direction);
    const isOther = row.task === null ? otherImages.size > 0 : otherImages.has(row.task);
    return [
      {
        kind: row.kind,
        attack: row.attack,
        defense: acrossDefenses ? null : row.defense,
        budget: row.budget,
        accounts: row.accounts,
        task: row.task,
        user: row.user,
        metric: row.metric,
        ...sides,
        ...difference,
        ...(isOther && difference.delta !== null ? { word: 'not-comparable' as const } : {}),
        reason: reasonOf(a, b, isOther),
      },
    ];
  });
}

/** The strongest attack on a defense and the best control may be others on the two sides: they are no part of what a row is. */
function identityOf(row: MetricRow, acrossDefenses: boolean): string {
  const named =
    row.kind === 'attack' || row.kind === 'ownership' ? [row.attack, row.surrogate, row.queryPolicy] : [];
  return JSON.stringify([
    row.kind,
    ...named,
    acrossDefenses ? null : row.defense,
    row.budget,
    row.accounts,
    row.task,
    row.user,
    row.metric,
  ]);
}

function reasonOf(
  before: MetricRow | undefined,
  after: MetricRow | undefined,
  isOther: boolean,
): string | null {
  if ((before?.estimate ?? null) === null) return `not measured before${stateOf(before)}`;
  if ((after?.estimate ?? null) === null) return `not measured after${stateOf(after)}`;
  if (isOther) return 'measured on other images';
  const hasIntervals = [before, after].every(
    (row) => row?.estimate?.low !== null && row?.estimate?.high !== null,
  );
  return hasIntervals ? null : 'no interval';
}

function stateOf(row: MetricRow | undefined): string {
  return row === undefined || row.state === 'done' ? '' : ` (${row.state.replaceAll('-', ' ')})`;
}

/** Tasks of the same name whose images, or the way of measuring on them, are not the same. */
function tasksOnOtherImages(before: AuditResult, after: AuditResult): ReadonlySet<string> {
  const sameMetrics = before.config.evaluation.version === after.config.evaluation.version;
  const names = after.data.tasks.flatMap((task) => {
    const earlier = before.data.tasks.find(({ name }) => name === task.name);
    const isSame =
      earlier !== undefined &&
      sameMetrics &&
      earlier.score.digest === task.score.digest &&
      earlier.fit.digest === task.fit.digest;
    return earlier === undefined || isSame ? [] : [task.name];
  });
  return new Set(names);
}

function notesOn(changes: readonly MetricChange[], otherImages: ReadonlySet<string>): readonly string[] {
  const tested = changes.filter(({ low }) => low !== null).length;
  return [
    ...(otherImages.size > 0
      ? [
          `Tasks ${[...otherImages].join(', ')} were measured on other images or with another version of the metrics: their numbers are shown and not compared.`,
        ]
      : []),
    ...(tested > 20
      ? [
          `${tested} differences were looked at; some of the changes are expected by chance alone, at most one in twenty of those that did not change.`,
        ]
      : []),
  ];
}
