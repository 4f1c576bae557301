import type { Clock } from '../contract/context.ts';
import type { Look, TrainingEvent } from '../training/encoder-training.ts';
import { formatCount, formatEstimatedTime, formatFraction } from './render/numbers.ts';
import { cleanText, truncateText } from './render/text.ts';
import type { Terminal } from './terminal.ts';

/** Shows a training on stderr: one live line on a terminal, a line per epoch without one, nothing when quiet. */
export interface TrainingProgress {
  readonly onEvent: (event: TrainingEvent) => void;
  /** What is going on before there are steps. */
  readonly stage: (sentence: string) => void;
  /** A sentence that stays. */
  readonly note: (line: string) => void;
  /** Takes the live line away. */
  readonly end: () => void;
}

const REDRAW_MS = 200;
/** Without a terminal: at most one line of good news in this time. */
const PLAIN_LINE_MS = 5000;

/** Where a training stands, as far as events have told. */
export interface TrainingState {
  readonly stepsDone: number;
  readonly totalSteps: number;
  readonly stepsPerEpoch: number | null;
  readonly loss: number | null;
  readonly look: Look | null;
  readonly etaMs: number | null;
}

const BEGINNING: TrainingState = {
  stepsDone: 0,
  totalSteps: 0,
  stepsPerEpoch: null,
  loss: null,
  look: null,
  etaMs: null,
};

export function nextState(state: TrainingState, event: TrainingEvent): TrainingState {
  if (event.type === 'begin') {
    const { stepsDone, totalSteps, stepsPerEpoch } = event;
    return { ...state, stepsDone, totalSteps, stepsPerEpoch };
  }
  if (event.type === 'step') {
    const { stepsDone, loss, etaMs } = event;
    return { ...state, stepsDone, etaMs, loss: state.loss ?? loss };
  }
  const { loss, look, etaMs } = event;
  return { ...state, loss, etaMs, look: look ?? state.look };
}

/** `42 %, epoch 13 of 30, loss 3.214, kNN 0.47, about 4 min left`. */
export function trainingLine(state: TrainingState): string {
  const { stepsDone, totalSteps, stepsPerEpoch, loss, look, etaMs } = state;
  const percent = totalSteps === 0 ? 0 : Math.floor((100 * stepsDone) / totalSteps);
  const parts = [`${percent} %`];
  if (stepsPerEpoch !== null) {
    const epoch = Math.min(Math.floor(stepsDone / stepsPerEpoch) + 1, Math.ceil(totalSteps / stepsPerEpoch));
    parts.push(`epoch ${formatCount(epoch)} of ${formatCount(Math.ceil(totalSteps / stepsPerEpoch))}`);
  }
  if (loss !== null) parts.push(`loss ${formatFraction(loss, 3)}`);
  if (look !== null) {
    const { neighborAccuracy, spread } = look;
    parts.push(
      neighborAccuracy === null
        ? `spread ${formatFraction(spread)}`
        : `kNN ${formatFraction(neighborAccuracy)}`,
    );
  }
  if (stepsDone < totalSteps)
    parts.push(etaMs === null ? 'measuring the speed' : `${formatEstimatedTime(etaMs)} left`);
  return parts.join(', ');
}

export function createTrainingProgress(
  terminal: Terminal,
  {
    quiet,
    clock,
    frame = trainingLine,
  }: {
    readonly quiet: boolean;
    readonly clock: Clock;
    /** The line of a training that is one of many; default: the training alone. */
    readonly frame?: (state: TrainingState) => string;
  },
): TrainingProgress {
  const nothing = (): void => undefined;
  if (quiet) return { onEvent: nothing, stage: nothing, note: nothing, end: nothing };
  let state = BEGINNING;
  let isDrawn = false;
  let drawnAtMs = -Infinity;
  const live = terminal.hasLiveProgress;

  const erase = (): void => {
    if (isDrawn) terminal.writeProgress('\r\u001b[K');
    isDrawn = false;
  };
  const draw = (line: string): void => {
    terminal.writeProgress(`\r\u001b[K${truncateText(line, Math.max(1, terminal.progress.columns - 1))}`);
    isDrawn = true;
    drawnAtMs = clock.monotonicMs();
  };
  const note = (line: string): void => {
    erase();
    terminal.note(cleanText(line));
  };
  const say = (event: TrainingEvent): void => {
    const isLast = state.stepsDone >= state.totalSteps;
    if (event.type !== 'epoch' || (!isLast && clock.monotonicMs() - drawnAtMs < PLAIN_LINE_MS)) return;
    drawnAtMs = clock.monotonicMs();
    terminal.note(frame(state));
  };
  return {
    onEvent(event) {
      state = nextState(state, event);
      if (event.type === 'begin' && event.stepsDone > 0)
        note(
          `The training goes on after step ${formatCount(event.stepsDone)} of ${formatCount(event.totalSteps)}.`,
        );
      if (!live) say(event);
      else if (clock.monotonicMs() - drawnAtMs >= REDRAW_MS) draw(frame(state));
    },
    stage(sentence) {
      if (live) draw(cleanText(sentence));
      else terminal.note(cleanText(sentence));
    },
    note,
    end: erase,
  };
}
