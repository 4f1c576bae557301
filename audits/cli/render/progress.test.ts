import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import type { RunEvent } from '../../contract/events.ts';
import { liveLines, plainCellLine, progressSummary } from './progress.ts';

type Progress = Extract<RunEvent, { type: 'progress' }>;

const progress: Progress = {
  type: 'progress',
  cellsDone: 12,
  cellsTotal: 40,
  fraction: 0.309,
  etaMs: 245_000,
  running: [
    {
      label: 'direct-extraction on gaussian-noise:sigma=0.1 · 2000 queries · seed 1',
      fraction: 0.42,
      stage: 'epoch 17',
    },
    { label: 'victim', fraction: 0, stage: 'starting' },
  ],
};

test('the summary counts cells and rounds the guess to what it is worth', () => {
  expect(progressSummary(progress)).toBe('12/40 cells, 30 %, about 4 min left');
  expect(progressSummary({ ...progress, etaMs: 20_000 })).toContain('under a minute left');
});

test('before anything was measured there is no guess', () => {
  expect(progressSummary({ ...progress, etaMs: null })).toBe('12/40 cells, 30 %, measuring the speed');
});

test('nothing is left when every cell has ended', () => {
  expect(progressSummary({ ...progress, cellsDone: 40, fraction: 1, etaMs: 0 })).toBe('40/40 cells, 100 %');
});

test.each([1, 20, 40, 80, 200])('live lines leave the last of %i columns free', (columns) => {
  const lines = liveLines({ stage: 'Running', progress }, columns);
  expect(lines).toHaveLength(2);
  for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(Math.max(1, columns - 1));
});

test('the second line says what runs, how far it is and how much runs beside it', () => {
  expect(liveLines({ stage: 'Running', progress }, 200)[1]).toBe(
    '42 % epoch 17: direct-extraction on gaussian-noise:sigma=0.1 · 2000 queries · seed 1 (+1 more)',
  );
});

test('while data is read, before there are cells, the stage leads', () => {
  const reading: Progress = {
    ...progress,
    cellsDone: 0,
    cellsTotal: 0,
    fraction: 0,
    etaMs: null,
    running: [{ label: 'preparation', fraction: 0.5, stage: 'embedding the pool' }],
  };
  expect(liveLines({ stage: 'Reading the encoder', progress: reading }, 80)).toEqual([
    'Reading the encoder',
    '50 % embedding the pool: preparation',
  ]);
});

test('a failed cell is one line with its reason, whatever the message holds', () => {
  const line = plainCellLine(
    {
      type: 'cell',
      key: 'k' as never,
      state: 'failed',
      label: 'direct-extraction on none',
      error: { code: 'training-diverged', message: 'The loss\nbecame NaN.\u001b[2J', details: {} },
    },
    progress,
  );
  expect(line).toBe(
    'failed direct-extraction on none: The loss became NaN. (12/40 cells, 30 %, about 4 min left)',
  );
});

test('while images are embedded, before there are cells, the time left stands beside the stage', () => {
  const embedding: Progress = { ...progress, cellsDone: 0, cellsTotal: 0, etaMs: 600_000 };
  const [first] = liveLines({ stage: 'Reading the encoder and the images', progress: embedding }, 200);
  expect(first).toBe('Reading the encoder and the images, about 10 min left');
});
