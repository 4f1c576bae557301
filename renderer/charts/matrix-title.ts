import type { MatrixSlice } from '../report/facts.ts';
import { plural, spellCount } from '../text/numbers.ts';

export function matrixTitle({ task, budget, accounts }: Omit<MatrixSlice, 'cells'>): string {
  return `Stolen gain on ${task} with ${spellCount(budget)} queries, ${plural(accounts, 'account')}`;
}
