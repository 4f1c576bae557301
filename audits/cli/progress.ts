import type { Clock } from '../contract/context.ts';
import type { RunEvent } from '../contract/events.ts';
import {
  liveLines,
  plainCellLine,
  preparationSummary,
  progressSummary,
  type ProgressState,
} from './render/progress.ts';
import { cleanText } from './render/text.ts';
import type { Terminal } from './terminal.ts';

/** Shows a run on stderr: live lines on a terminal, plain lines without one, nothing when quiet. */
export interface ProgressDisplay {
  readonly onEvent: (event: RunEvent) => void;
  /** A sentence among the progress, without tearing the live lines. */
  readonly note: (line: string) => void;
  /** Takes the live lines away. */
  readonly end: () => void;
}

const REDRAW_MS = 200;
/** Without a terminal: at most one line of good news in this time. */
const PLAIN_LINE_MS = 5000;
/** A preparation has no cells to count; of a long one a log says so often how far it is. */
const PLAIN_PREPARING_MS = 30_000;

export function createProgress(
  terminal: Terminal,
  options: { readonly quiet: boolean; readonly clock: Clock },
): ProgressDisplay {
  if (options.quiet) return { onEvent: () => undefined, note: () => undefined, end: () => undefined };
  return terminal.hasLiveProgress
    ? liveProgress(terminal, options.clock)
    : plainProgress(terminal, options.clock);
}

function liveProgress(terminal: Terminal, clock: Clock): ProgressDisplay {
  let state: ProgressState = { stage: 'Starting', progress: null };
  let drawnLines = 0;
  let drawnText = '';
  let drawnAtMs = -Infinity;
  let timer: NodeJS.Timeout | undefined;

  const erase = (): string => (drawnLines === 0 ? '' : `\r\u001b[${drawnLines}A\u001b[J`);
  const draw = (): void => {
    timer = undefined;
    drawnAtMs = clock.monotonicMs();
    const { columns, paint } = terminal.progress;
    const lines = liveLines(state, columns);
    const text = lines.map((line, i) => `${i === 0 ? line : paint('quiet', line)}\n`).join('');
    if (drawnLines > 0 && text === drawnText) return;
    terminal.writeProgress(erase() + text);
    drawnLines = lines.length;
    drawnText = text;
  };
  const drawSoon = (): void => {
    timer ??= setTimeout(draw, Math.max(0, REDRAW_MS - (clock.monotonicMs() - drawnAtMs))).unref();
  };
  const note = (line: string): void => {
    terminal.writeProgress(`${erase()}${line}\n`);
    drawnLines = 0;
    drawSoon();
  };
  return {
    onEvent(event) {
      if (event.type === 'stage') state = { stage: event.sentence, progress: null };
      else if (event.type === 'progress') state = { ...state, progress: event };
      else if (event.type === 'log' && event.level !== 'info') note(cleanText(event.message));
      else if (event.type === 'cell' && event.state === 'failed') note(plainCellLine(event, null));
      drawSoon();
    },
    note,
    end() {
      clearTimeout(timer);
      terminal.writeProgress(erase());
      drawnLines = 0;
    },
  };
}

function plainProgress(terminal: Terminal, clock: Clock): ProgressDisplay {
  let progress: ProgressState['progress'] = null;
  let saidAtMs = -Infinity;
  let preparingSinceMs: number | undefined;
  const note = (line: string): void => terminal.note(line);
  return {
    onEvent(event) {
      if (event.type === 'stage') {
        progress = null;
        note(cleanText(event.sentence));
      } else if (event.type === 'progress' && event.cellsTotal === 0) {
        preparingSinceMs ??= clock.monotonicMs();
        if (clock.monotonicMs() - Math.max(saidAtMs, preparingSinceMs) < PLAIN_PREPARING_MS) return;
        saidAtMs = clock.monotonicMs();
        note(preparationSummary(event));
      } else if (event.type === 'progress') {
        const isFirst = progress === null || progress.cellsDone !== event.cellsDone;
        progress = event;
        if (!isFirst) return;
        const isLast = event.cellsDone === event.cellsTotal;
        if (!isLast && clock.monotonicMs() - saidAtMs < PLAIN_LINE_MS) return;
        saidAtMs = clock.monotonicMs();
        note(progressSummary(event));
      } else if (event.type === 'cell' && event.state === 'failed') note(plainCellLine(event, progress));
      else if (event.type === 'log' && event.level !== 'info') note(cleanText(event.message));
    },
    note,
    end: () => undefined,
  };
}
