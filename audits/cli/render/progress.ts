import type { RunEvent } from '../../contract/events.ts';
import { formatEstimatedTime } from './numbers.ts';
import { cleanText, truncateText } from './text.ts';

type Progress = Extract<RunEvent, { type: 'progress' }>;
type CellEvent = Extract<RunEvent, { type: 'cell' }>;

/** What the live lines show. */
export interface ProgressState {
  readonly stage: string;
  readonly progress: Progress | null;
}

/** `12/40 cells, 30 %, about 4 min left`; before the first estimate it says so. */
export function progressSummary(progress: Progress): string {
  const percent = Math.floor(Math.min(1, Math.max(0, progress.fraction)) * 100);
  const eta =
    progress.cellsDone >= progress.cellsTotal
      ? ''
      : progress.etaMs === null
        ? ', measuring the speed'
        : `, ${formatEstimatedTime(progress.etaMs)} left`;
  return `${progress.cellsDone}/${progress.cellsTotal} cells, ${percent} %${eta}`;
}

/** `30 % embedding the pool, about 2 min left`: what is done before there are cells to count. */
export function preparationSummary({ running, etaMs }: Progress): string {
  const [first] = running;
  const percent = Math.floor((first?.fraction ?? 0) * 100);
  const eta = etaMs === null ? '' : `, ${formatEstimatedTime(etaMs)} left`;
  return cleanText(`${percent} % ${first?.stage ?? ''}${eta}`);
}

/** One or two lines, none wider than `columns - 1`: a full last column wraps on some terminals. */
export function liveLines(state: ProgressState, columns: number): readonly string[] {
  const room = Math.max(columns - 1, 1);
  if (state.progress === null) return [truncateText(cleanText(state.stage), room)];
  const [first, ...others] = state.progress.running;
  // No cells yet: the data is still being read.
  const head =
    state.progress.cellsTotal === 0
      ? preparing(state.stage, state.progress)
      : progressSummary(state.progress);
  const summary = truncateText(head, room);
  if (first === undefined) return [summary];
  const more = others.length > 0 ? ` (+${others.length} more)` : '';
  const percent = Math.floor(first.fraction * 100);
  // The share and the stage change, so they come where narrow terminals do not cut.
  return [summary, truncateText(cleanText(`${percent} % ${first.stage}: ${first.label}${more}`), room)];
}

function preparing(stage: string, { etaMs }: Progress): string {
  return cleanText(etaMs === null ? stage : `${stage}, ${formatEstimatedTime(etaMs)} left`);
}

/** One line for a log without a terminal. */
export function plainCellLine(event: CellEvent, progress: Progress | null): string {
  const error = event.error === undefined ? '' : `: ${event.error.message}`;
  const summary = progress === null ? '' : ` (${progressSummary(progress)})`;
  return cleanText(`${event.state} ${event.label}${error}${summary}`);
}
