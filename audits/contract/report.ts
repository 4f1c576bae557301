import type { Crosswalk } from '../report/crosswalk/crosswalk.ts';
import type { GlossaryTerm } from '../report/glossary.ts';
import type { DerivedQuantity } from '../report/methods/formulas.ts';
import type { MethodSheet, MetricSheet, TrainingSheet } from '../report/methods/sheet.ts';
import type { AuditResult, VerdictWord } from './result.ts';

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
  readonly methods: ReportMethods;
  readonly glossary: readonly GlossaryTerm[];
  readonly crosswalk: Crosswalk;
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
