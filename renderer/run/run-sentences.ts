import type { AuditEntry, CellEntry } from '../../audits/contract/bridge.ts';
import { auditWords, runWords } from '../strings/en.ts';
import { plural, spellCount } from '../text/numbers.ts';
import type { StateCounts } from './run-model.ts';

/** What the run screen says of time and progress, in words that promise no more than is known. */

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** Time left as coarse as it is known: nobody can tell seconds of an hour that lies ahead. */
export function etaSentence(etaMs: number | null): string {
  if (etaMs === null) return 'Time left is not known yet';
  if (etaMs < MINUTE_MS) return 'Less than a minute left';
  if (etaMs < HOUR_MS) return `About ${plural(Math.round(etaMs / MINUTE_MS), 'minute')} left`;
  const hours = etaMs / HOUR_MS;
  if (hours < 10) {
    const quarters = Math.round(hours * 4);
    const whole = Math.floor(quarters / 4);
    const part = ['', ' 15 min', ' 30 min', ' 45 min'][quarters % 4] ?? '';
    return `About ${whole} h${part} left`;
  }
  if (hours < 48) return `About ${plural(Math.round(hours), 'hour')} left`;
  return `About ${plural(Math.round(hours / 24), 'day')} left`;
}

export const stageNames: Readonly<Record<string, string>> = {
  waiting: 'Waiting for the audit before it',
  preparing: 'Preparing',
  planning: 'Planning',
  running: 'Running',
  judging: 'Judging',
  done: 'Done',
};

export function isActive(state: AuditEntry['state']): boolean {
  return state === 'preparing' || state === 'running';
}

/** Numbers of cells by state, those there are. */
export function countsInWords(
  counts: StateCounts,
): readonly (readonly [state: CellEntry['state'], words: string])[] {
  const states = ['done', 'running', 'pending', 'failed', 'not-run', 'not-applicable'] as const;
  return states
    .filter((state) => counts[state] > 0)
    .map((state) => [state, `${spellCount(counts[state])} ${state.replaceAll('-', ' ')}`]);
}

/** How cells stand that have no place in the matrix; empty where there are none. */
export function besideSentence(entries: readonly Pick<CellEntry, 'kind' | 'state'>[]): string {
  const titles = [
    [runWords.victim, 'victim'],
    [runWords.independent, 'independent'],
  ] as const;
  return titles
    .flatMap(([title, kind]) => {
      const states = entries.filter((entry) => entry.kind === kind).map(({ state }) => state);
      const [first] = states;
      if (first === undefined) return [];
      const done = states.filter((state) => state === 'done').length;
      return `${title}: ${states.length === 1 ? first.replaceAll('-', ' ') : `${done} of ${states.length} done`}`;
    })
    .join(' · ');
}

/** What milestones are reckoned from. */
export interface Standing {
  readonly state: AuditEntry['state'] | null;
  readonly stage: string;
  readonly cellsDone: number;
  readonly cellsTotal: number;
  readonly failed: number;
}

/**
 * What is worth interrupting a screen reader for: a stage, each quarter, a first failure, the end. Null for everything else:
 * a run that announces every cell is one that is muted.
 */
export function milestone(before: Standing, after: Standing): string | null {
  if (before.state === null || after.state === null) return null;
  if (before.state !== after.state && !isActive(after.state)) {
    const failed = after.failed === 0 ? '' : ` ${plural(after.failed, 'cell')} failed.`;
    return `${endSentences[after.state] ?? `${auditWords.states[after.state]}.`}${failed}`;
  }
  if (!isActive(after.state)) return null;
  if (before.stage !== after.stage) return `${stageNames[after.stage] ?? after.stage}.`;
  if (after.failed > before.failed && before.failed === 0) return 'A cell has failed. The run goes on.';
  const quarter = ({ cellsDone, cellsTotal }: Standing): number =>
    cellsTotal === 0 ? 0 : Math.floor((cellsDone / cellsTotal) * 4);
  if (quarter(after) > quarter(before) && before.cellsTotal > 0)
    return `${spellCount(after.cellsDone)} of ${plural(after.cellsTotal, 'cell')} done.`;
  return null;
}

const endSentences: Partial<Record<AuditEntry['state'], string>> = {
  completed: 'The audit is done. The report is ready.',
  cancelled: 'The audit has stopped. What is done is kept.',
  failed: 'The audit was stopped by an error.',
  interrupted: 'The audit was interrupted. It can be resumed.',
};
