import type { ReportProfile } from '../../audits/contract/report.ts';

/** The chapters in order; ids are anchors and never change. */
export const chapters = [
  { id: 'cover', title: 'Cover' },
  { id: 'answer', title: 'The answer' },
  { id: 'scope', title: 'Scope and threat model' },
  { id: 'victim', title: 'The encoder undefended' },
  { id: 'matrix', title: 'Defenses against attacks' },
  { id: 'curves', title: 'Queries and trade-offs' },
  { id: 'findings', title: 'Findings' },
  { id: 'defenses', title: 'Each defense' },
  { id: 'costs', title: 'What theft costs' },
  { id: 'validity', title: 'Validity' },
  { id: 'methods', title: 'Methods' },
  { id: 'standards', title: 'Standards' },
  { id: 'manifest', title: 'Reproducing it' },
  { id: 'glossary', title: 'Glossary' },
  { id: 'cells', title: 'Appendix: every cell' },
] as const satisfies readonly { readonly id: string; readonly title: string }[];

export type ChapterId = (typeof chapters)[number]['id'];

/** For a decision, the chapters that only reproduce or cross-reference it are left to the full report. */
const leftOut: Readonly<Record<ReportProfile, readonly ChapterId[]>> = {
  executive: ['methods', 'standards', 'manifest'],
  engineer: [],
  regulator: [],
};

export function hasChapter(profile: ReportProfile, id: ChapterId): boolean {
  return !leftOut[profile].includes(id);
}

/** `7 Findings`; the appendix has no number. */
export function chapterNumber(id: ChapterId): string {
  const position = chapters.findIndex((chapter) => chapter.id === id);
  return id === 'cells' ? '' : String(position + 1);
}
