import type { AuditResult, Estimate } from '../../contract/result.ts';
import { subjectOf } from '../compare/comparison-text.ts';
import { metricRows, type MetricRow } from '../formats/metric-rows.ts';
import type { VerificationCheck } from './verify-attestation.ts';

/** Places named beyond these are counted. */
const MOST_NAMED = 5;
/** Made of other numbers: where one of those differs, it is that one which says what was changed. */
const derived = /^(stolen-gain|relative-accuracy|protection|worst-|fgsm-excess)/;

/**
 * Does the stored result follow from the stored measurements? Every number of the one is held against the same number judged
 * from the other; measured ones are named before what is made of them.
 */
export function recomputeCheck(stored: AuditResult, recomputed: AuditResult): VerificationCheck {
  const differing = [...numbersThatDiffer(stored, recomputed), ...placesThatDiffer(stored, recomputed)];
  if (differing.length === 0)
    return {
      subject: 'measurements',
      name: null,
      state: 'matches',
      sentence: `The result follows from the measurements in the database: all ${metricRows(stored).length} numbers come out the same.`,
    };
  const shown = differing.slice(0, MOST_NAMED);
  const left = differing.length - shown.length;
  return {
    subject: 'measurements',
    name: shown[0]?.name ?? null,
    state: 'differs',
    sentence: `The result does not follow from the measurements in the database: ${shown.map(({ sentence }) => sentence).join('; ')}${left > 0 ? `; and ${left} more` : ''}.`,
  };
}

interface Discrepancy {
  readonly name: string;
  readonly sentence: string;
}

function numbersThatDiffer(stored: AuditResult, recomputed: AuditResult): readonly Discrepancy[] {
  const before = rowsByIdentity(stored);
  const after = rowsByIdentity(recomputed);
  return [...new Set([...before.keys(), ...after.keys()])]
    .flatMap((key) => {
      const [a, b] = [before.get(key), after.get(key)];
      const row = a ?? b;
      if (row === undefined || isSame(a?.estimate ?? null, b?.estimate ?? null)) return [];
      const name = subjectOf(row);
      return [
        {
          name,
          sentence: `${name} is ${spell(a?.estimate)} in the result and ${spell(b?.estimate)} by the measurements`,
          isDerived: derived.test(row.metric),
        },
      ];
    })
    .toSorted((a, b) => Number(a.isDerived) - Number(b.isDerived));
}

function rowsByIdentity(result: AuditResult): ReadonlyMap<string, MetricRow> {
  return new Map(
    metricRows(result).map((row) => [
      JSON.stringify([
        row.kind,
        row.kind === 'defense' || row.kind === 'victim' ? null : row.attack,
        row.surrogate,
        row.queryPolicy,
        row.defense,
        row.budget,
        row.accounts,
        row.task,
        row.user,
        row.metric,
      ]),
      row,
    ]),
  );
}

function isSame(a: Estimate | null, b: Estimate | null): boolean {
  return a === null || b === null ? a === b : a.value === b.value && a.low === b.low && a.high === b.high;
}

function spell(estimate: Estimate | null | undefined): string {
  if (estimate === null || estimate === undefined) return 'absent';
  const { value, low, high } = estimate;
  return `${shortened(value)}${low === null || high === null ? '' : ` [${shortened(low)}, ${shortened(high)}]`}`;
}

/** As many figures as show a change that a rounded number would hide. */
function shortened(value: number): string {
  return String(Number(value.toPrecision(6)));
}

/** Verdicts, curves, findings and whatever else is no row of a table, by its place in the result. */
function placesThatDiffer(stored: AuditResult, recomputed: AuditResult): readonly Discrepancy[] {
  const left: unknown = JSON.parse(JSON.stringify(stored));
  const right: unknown = JSON.parse(JSON.stringify(recomputed));
  if (!isRecord(left) || !isRecord(right)) return [];
  return (
    Object.keys(left)
      // What a service was asked stands in its own store, and when cells ran is no measurement.
      .filter((key) => key !== 'network' && key !== 'timeline')
      .flatMap((key) => pathsThatDiffer(left[key], right[key], key))
      .filter((path) => !isInTable(path))
      .map((path) => ({ name: path, sentence: `${path} is another one` }))
  );
}

/** Estimates that the table of numbers names better. */
function isInTable(path: string): boolean {
  return /^(baselines|matrix|verdicts|detection|ownership)\..*\.(value|low|high)$/.test(path);
}

function pathsThatDiffer(a: unknown, b: unknown, path: string): readonly string[] {
  if (Array.isArray(a) && Array.isArray(b) && a.length === b.length)
    return a.flatMap((entry, i) => pathsThatDiffer(entry, b[i], `${path}.${i}`));
  if (isRecord(a) && isRecord(b))
    return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((key) =>
      pathsThatDiffer(a[key], b[key], `${path}.${key}`),
    );
  return a === b ? [] : [path];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
