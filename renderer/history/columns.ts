import { historyWords } from '../strings/en.ts';

/** Of the list of audits; widths stand in `History.svelte`. */
export const columns = [
  { id: 'encoder', title: historyWords.columns.encoder },
  { id: 'outcome', title: historyWords.columns.outcome },
  { id: 'preset', title: historyWords.columns.preset },
  { id: 'cells', title: historyWords.columns.cells, isFigure: true },
  { id: 'started', title: historyWords.columns.started },
  { id: 'actions', title: historyWords.columns.actions },
] as const;
