import type { Crosswalk } from '../report/crosswalk/crosswalk.ts';
import type { GlossaryTerm } from '../report/glossary.ts';
import type { DerivedQuantity } from '../report/methods/formulas.ts';
import type { MethodSheet, MetricSheet, TrainingSheet } from '../report/methods/sheet.ts';
import type { Comparison } from '../report/compare/compare-results.ts';
import type { Policy } from './audit.ts';
import type { AuditResult, DefenseVerdict, QueryCurve, VerdictWord } from './result.ts';

/** Everything a report's page is rendered from: data only, so that the same input gives the same bytes. */
export interface ReportInput {
  readonly result: AuditResult;
  /** The audit's verdict, as every format and the exit code have it. */
  readonly verdict: { readonly word: VerdictWord; readonly sentence: string };
  /** Queries at which defenses are judged. */
  readonly judgedBudget: number;
  /** ISO time that the report states as its own; the only thing that may differ between two reports of one result. */
  readonly writtenAt: string;
  readonly profile: ReportProfile;
  /** For paper: of a large audit it has the rows that decide, and says where the others are. */
  readonly isPaper?: boolean;
  /** What changed since an earlier audit; null where none was compared. */
  readonly since: ChangesSince | null;
  readonly methods: ReportMethods;
  readonly glossary: readonly GlossaryTerm[];
  readonly crosswalk: Crosswalk;
}

/** In short what `moat compare` says at length. */
export interface ChangesSince {
  readonly auditId: string;
  readonly createdAt: string;
  readonly verdict: VerdictWord;
  readonly isSameEncoder: boolean;
  /** Titles. */
  readonly newFindings: readonly string[];
  readonly fixedFindings: readonly string[];
  readonly unchangedFindings: number;
  /** There before, and nothing that was measured since says whether they still are. */
  readonly uncheckedFindings: number;
  /** Numbers that both audits measured on the same images, and those of them whose difference has an interval beside 0. */
  readonly comparedNumbers: number;
  readonly worseNumbers: number;
  readonly betterNumbers: number;
  /** In how many things the audits were set up differently. */
  readonly otherSettings: number;
}

export type ReportProfile = 'executive' | 'engineer' | 'regulator';

/** What the audit did, as a researcher would have to know it to do the same. */
export interface ReportMethods {
  readonly attacks: readonly MethodSheet[];
  readonly defenses: readonly MethodSheet[];
  readonly queryPolicies: readonly MethodSheet[];
  readonly trainings: readonly TrainingSheet[];
  readonly metrics: readonly MetricSheet[];
  readonly derived: readonly DerivedQuantity[];
}

/** A figure of a report as a file of its own. */
export interface ReportFigure {
  /** Of its files, without an ending: letters, digits and hyphens. */
  readonly name: string;
  readonly title: string;
  /** A whole SVG file: light colours, fonts by name, title and description inside. */
  readonly svg: string;
  /** The numbers that are drawn, a heading first. */
  readonly table: readonly (readonly (string | number | boolean | null)[])[];
}

/** Everything a comparison's page is rendered from. */
export interface ComparisonInput {
  readonly comparison: Comparison;
  readonly before: ComparedFigures;
  readonly after: ComparedFigures;
  /** The only thing that may differ between two pages of one comparison. */
  readonly writtenAt: string;
  readonly moatVersion: string;
}

/** What of a side is drawn over the other. */
export interface ComparedFigures {
  readonly curves: readonly QueryCurve[];
  readonly verdicts: readonly DefenseVerdict[];
  readonly policy: Policy;
}
