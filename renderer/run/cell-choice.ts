import type { CellEntry } from '../../audits/contract/bridge.ts';
import { plural, spellCount, spellFraction } from '../text/numbers.ts';
import { wholePercent } from './run-model.ts';

/** The cells of one place as a list to choose from: their order, their names, the one that is shown first. */

type Asked = Pick<CellEntry, 'budget' | 'accounts' | 'seed'>;

export function inOrder<Entry extends Asked>(entries: readonly Entry[]): readonly Entry[] {
  return entries.toSorted(
    (a, b) => (a.budget ?? 0) - (b.budget ?? 0) || (a.accounts ?? 0) - (b.accounts ?? 0) || a.seed - b.seed,
  );
}

/** What went wrong before what goes on before the largest that is done. */
export function mostTelling<Entry extends Pick<CellEntry, 'state'>>(
  entries: readonly Entry[],
): Entry | undefined {
  return (
    entries.find(({ state }) => state === 'failed') ??
    entries.find(({ state }) => state === 'running') ??
    entries.findLast(({ state }) => state === 'done') ??
    entries[0]
  );
}

/** By what each of the cells differs from the others: accounts only where there are several numbers of them. */
export function entryNames(entries: readonly Asked[]): readonly string[] {
  const hasAccounts = new Set(entries.map(({ accounts }) => accounts)).size > 1;
  return entries.map(({ budget, accounts, seed }) =>
    [
      budget === null ? null : `${spellCount(budget)}\u00a0${budget === 1 ? 'query' : 'queries'}`,
      hasAccounts && accounts !== null ? plural(accounts, 'account') : null,
      `seed ${seed}`,
    ]
      .filter((part) => part !== null)
      .join(', '),
  );
}

/** Its number, or why it has none. */
export function entryStanding({
  state,
  fraction,
  stolenGain,
}: Pick<CellEntry, 'state' | 'fraction' | 'stolenGain'>): string {
  if (state === 'running') return `${wholePercent(fraction)} %`;
  if (stolenGain !== null) return spellFraction(stolenGain);
  return state.replaceAll('-', ' ');
}

/** A measured value of any unit. */
export function spellMeasured(value: number): string {
  return Math.abs(value) >= 1000 ? spellCount(value) : String(Number(value.toPrecision(4)));
}
