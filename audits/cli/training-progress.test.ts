import { expect, test } from 'vitest';
import type { TrainingEvent } from '../training/encoder-training.ts';
import { plainPaint } from './render/view.ts';
import type { Terminal } from './terminal.ts';
import { createTrainingProgress } from './training-progress.ts';

/** What a terminal of either kind is given for some events, one of them every `stepMs`. */
function shown(events: readonly TrainingEvent[], hasLiveProgress: boolean, stepMs: number) {
  const notes: string[] = [];
  const live: string[] = [];
  const view = { columns: 60, paint: plainPaint };
  const terminal: Terminal = {
    output: view,
    progress: view,
    hasLiveProgress,
    print: () => undefined,
    printJson: () => undefined,
    note: (line) => notes.push(line),
    writeProgress: (text) => live.push(text),
  };
  let now = 0;
  const clock = { now: () => now, monotonicMs: () => now };
  const progress = createTrainingProgress(terminal, { quiet: false, clock });
  for (const event of events) {
    now += stepMs;
    progress.onEvent(event);
  }
  progress.end();
  return { notes, live };
}

const begin = { type: 'begin', stepsDone: 0, totalSteps: 40, stepsPerEpoch: 10 } as const;
const step = { type: 'step', stepsDone: 13, totalSteps: 40, loss: 4.5, etaMs: 120_000 } as const;
const epoch = {
  type: 'epoch',
  epoch: 1,
  loss: 4.25,
  look: { neighborAccuracy: 0.4666, spread: 0.9 },
  etaMs: 240_000,
} as const;

test('a terminal sees one line that is written over and taken away', () => {
  const { notes, live } = shown([begin, step, epoch], true, 1000);
  expect(notes).toEqual([]);
  expect(live.at(-2)).toContain('32 %, epoch 2 of 4, loss 4.250, kNN 0.47, about 4 min left');
  expect(live.at(-1)).toBe('\r\u001b[K');
});

test('a log sees epochs, not each of many short ones, and always the last', () => {
  const last = { ...step, stepsDone: 40 } as const;
  const short = shown([begin, epoch, epoch, epoch, last, epoch], false, 100);
  expect(short.notes).toHaveLength(2);
  expect(short.notes.at(-1)).toBe('100 %, epoch 4 of 4, loss 4.250, kNN 0.47');
  expect(shown([begin, epoch, epoch, epoch], false, 6000).notes).toHaveLength(3);
});

test('without classes it shows the spread, and after a stop where it goes on', () => {
  const look = { neighborAccuracy: null, spread: 0.125 };
  const { notes } = shown(
    [
      { ...begin, stepsDone: 20 },
      { ...epoch, look, etaMs: null },
    ],
    false,
    6000,
  );
  expect(notes[0]).toBe('The training goes on after step 20 of 40.');
  expect(notes[1]).toBe('50 %, epoch 3 of 4, loss 4.250, spread 0.13, measuring the speed');
});
