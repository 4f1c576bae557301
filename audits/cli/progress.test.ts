import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { CellKey } from '../contract/cell.ts';
import type { Clock } from '../contract/context.ts';
import type { RunEvent } from '../contract/events.ts';
import { createProgress } from './progress.ts';
import { plainPaint } from './render/view.ts';
import type { Terminal } from './terminal.ts';

const clock: Clock = { now: () => Date.now(), monotonicMs: () => Date.now() };

function recorder(isLive: boolean): { readonly terminal: Terminal; readonly written: string[] } {
  const written: string[] = [];
  const view = { columns: 60, paint: plainPaint };
  const terminal: Terminal = {
    output: view,
    progress: view,
    hasLiveProgress: isLive,
    print: () => undefined,
    printJson: () => undefined,
    note: (line) => void written.push(`${line}\n`),
    writeProgress: (text) => void written.push(text),
  };
  return { terminal, written };
}

const progress = (cellsDone: number): Extract<RunEvent, { type: 'progress' }> => ({
  type: 'progress',
  cellsDone,
  cellsTotal: 100,
  fraction: cellsDone / 100,
  etaMs: 600_000,
  running: [],
});
const failure: RunEvent = {
  type: 'cell',
  key: 'k' as CellKey,
  state: 'failed',
  label: 'direct-extraction on none',
  error: { code: 'training-diverged', message: 'The loss became NaN.', details: {} },
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('on a terminal', () => {
  test('a flood of events is drawn at most five times a second, and the last one is drawn', () => {
    const { terminal, written } = recorder(true);
    const display = createProgress(terminal, { quiet: false, clock });
    for (let i = 0; i < 100; i++) {
      display.onEvent(progress(i));
      vi.advanceTimersByTime(10);
    }
    vi.advanceTimersByTime(200);
    expect(written.length).toBeLessThanOrEqual(7);
    expect(written.at(-1)).toContain('99/100 cells');
  });

  test('what has not changed is not drawn again', () => {
    const { terminal, written } = recorder(true);
    const display = createProgress(terminal, { quiet: false, clock });
    for (let i = 0; i < 20; i++) {
      display.onEvent(progress(3));
      vi.advanceTimersByTime(250);
    }
    expect(written).toHaveLength(1);
  });

  test('a failed cell stays above the live lines, which are gone at the end', () => {
    const { terminal, written } = recorder(true);
    const display = createProgress(terminal, { quiet: false, clock });
    display.onEvent(progress(1));
    vi.advanceTimersByTime(300);
    display.onEvent(failure);
    vi.advanceTimersByTime(300);
    display.end();
    expect(written[1]).toBe('\r\u001b[1A\u001b[Jfailed direct-extraction on none: The loss became NaN.\n');
    expect(written.at(-1)).toBe('\r\u001b[1A\u001b[J');
  });
});

describe('without a terminal', () => {
  test('plain lines, without escapes, at most one of good news in five seconds', () => {
    const { terminal, written } = recorder(false);
    const display = createProgress(terminal, { quiet: false, clock });
    display.onEvent({ type: 'stage', stage: 'running', sentence: 'Running 100 cells' });
    for (let i = 0; i <= 100; i++) {
      display.onEvent(progress(i));
      vi.advanceTimersByTime(100);
    }
    expect(written).toEqual([
      'Running 100 cells\n',
      '0/100 cells, 0 %, about 10 min left\n',
      '50/100 cells, 50 %, about 10 min left\n',
      '100/100 cells, 100 %\n',
    ]);
  });

  test('a long preparation says every half minute how far it is', () => {
    const { terminal, written } = recorder(false);
    const display = createProgress(terminal, { quiet: false, clock });
    display.onEvent({ type: 'stage', stage: 'preparing', sentence: 'Reading the encoder and the images' });
    for (let second = 0; second <= 65; second++) {
      const running = [{ label: 'preparation', fraction: second / 100, stage: 'embedding the pool' }];
      const etaMs = second < 40 ? null : 120_000;
      display.onEvent({ ...progress(0), cellsTotal: 0, fraction: 0, etaMs, running });
      vi.advanceTimersByTime(1000);
    }
    expect(written).toEqual([
      'Reading the encoder and the images\n',
      '30 % embedding the pool\n',
      '60 % embedding the pool, about 2 min left\n',
    ]);
  });

  test('a failed cell is told at once', () => {
    const { terminal, written } = recorder(false);
    createProgress(terminal, { quiet: false, clock }).onEvent(failure);
    expect(written).toEqual(['failed direct-extraction on none: The loss became NaN.\n']);
  });
});

test('quiet is quiet', () => {
  const { terminal, written } = recorder(true);
  const display = createProgress(terminal, { quiet: true, clock });
  display.onEvent(progress(1));
  display.onEvent(failure);
  vi.advanceTimersByTime(1000);
  display.end();
  expect(written).toEqual([]);
});
