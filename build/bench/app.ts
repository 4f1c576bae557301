/**
 * The run screen under load: an audit of ten thousand cells, of which the engine tells fifty things a second, in the real app
 * in a real Chromium over the app's own HTTP bridge.
 *
 *     npm run bench -- app [SECONDS] [EVENTS-PER-SECOND] [--write FILE]
 *     npm run bench -- app --minutes N [--write FILE]
 *
 * Prints frames that came late, tasks that held the page for 50 ms and more, the page's elements, and its heap after collection
 * at the beginning, in the middle and at the end; with `--minutes`, at the end of every one of them: what grows with the number of
 * events shows there.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import type { BridgeEvent, CellEntry } from '../../audits/contract/bridge.ts';
import { replaceBetween } from '../../audits/report/markdown-markers.ts';
import { appFiles } from '../../audits/serve/app-files.ts';
import { openBrowser } from '../../test/helpers/browser.ts';
import { FakeEngine } from '../../test/helpers/fake-engine.ts';
import { sketchCells, sketchedEntry, sketchId, sketchSnapshot } from '../../test/helpers/sketch-audit.ts';

const ROWS = 200;
const COLUMNS = 50;
/** Cells that compute at the same time. */
const WORKERS = 4;
/** A frame is late when the one before it is longer ago than one and a half of 60 a second. */
const LATE_MS = 25;
const SECONDS_OF_MINUTE = 60;

const names = (word: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `${word}-${i}`);

/** @throws Error where there is no browser */
export async function benchApp(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { write: { type: 'string' }, minutes: { type: 'string' } },
    allowPositionals: true,
  });
  const file = values.write;
  const minutes = values.minutes === undefined ? undefined : Number(values.minutes);
  const [asked = 60, perSecond = 50] = positionals.map(Number);
  const seconds = minutes === undefined ? asked : minutes * SECONDS_OF_MINUTE;
  if (!(seconds > 0) || !(perSecond > 0))
    throw new Error('usage: npm run bench -- app [SECONDS] [EVENTS-PER-SECOND] [--minutes N] [--write FILE]');
  const browser = await openBrowser();
  if (browser === undefined) throw new Error('There is no Chromium on this machine.');
  const cells = [
    ...sketchCells({
      defenses: names('defense', ROWS),
      attacks: names('attack', COLUMNS),
      budgets: [500],
      seeds: 1,
    }),
  ];
  const engine = new FakeEngine(await appFiles(), {
    'audits.list': () => [sketchedEntry({ cellsTotal: cells.length })],
    'audits.snapshot': () => sketchSnapshot(engine, cells),
    'methods.list': () => ({ attacks: [], defenses: [], presets: [] }),
    'machine.gauge': () => ({ residentBytes: 1e9, totalBytes: 8e9, device: null }),
  });
  await engine.listen();

  /** Of every twenty events: eight are progress, four cells begin, four end, four lines are logged. */
  function eventOf(number: number): BridgeEvent['event'] {
    // A step that visits every place, most of them outside the window, in no order.
    const at = (Math.floor(number / 5) * 7919) % cells.length;
    const cell = cells[at];
    if (cell === undefined) throw new Error('no cell');
    const tell = (change: Partial<CellEntry>): BridgeEvent['event'] => {
      const next: CellEntry = { ...cell, ...change };
      cells[at] = next;
      return { type: 'cell-result', auditId: sketchId, cell: next };
    };
    switch (number % 5) {
      case 0:
        return tell({ state: 'running', fraction: 0 });
      case 1:
        return tell({ state: 'done', fraction: 1, stolenGain: (number % 97) / 97 });
      case 2:
        return {
          type: 'run',
          auditId: sketchId,
          run: { type: 'log', level: 'info', message: `event ${number}: ${cell.attack} on ${cell.defense}` },
        };
      default:
        return {
          type: 'run',
          auditId: sketchId,
          run: {
            type: 'progress',
            cellsDone: number % cells.length,
            cellsTotal: cells.length,
            fraction: (number % cells.length) / cells.length,
            etaMs: 3_600_000,
            running: Array.from({ length: WORKERS }, (_, worker) => ({
              label: `attack-${worker} on defense-${worker}`,
              fraction: (number % 100) / 100,
              stage: 'training',
            })),
          },
        };
    }
  }

  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(engine.url(`#/run/${sketchId}`));
  await page.locator('[role=gridcell]').first().waitFor();
  const session = await page.context().newCDPSession(page);
  const heapBytes = async (): Promise<number> => {
    await session.send('HeapProfiler.collectGarbage');
    const { usedSize } = await session.send('Runtime.getHeapUsage');
    return usedSize;
  };
  const elements = (): Promise<number> => page.evaluate<number>("document.querySelectorAll('*').length");

  // In ticks of its own thread: what others do meanwhile is not in them.
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const busy = async (): Promise<ReadonlyMap<string, number>> => {
    const { metrics } = await session.send('Performance.getMetrics');
    return new Map(metrics.map(({ name, value }) => [name, value]));
  };
  const begin = { heap: await heapBytes(), elements: await elements() };
  await page.evaluate(`
  window.seen = { frames: 0, late: 0, longest: 0, tasks: 0, blockedMs: 0 };
  let last = performance.now();
  const frame = (now) => {
    const gap = now - last;
    last = now;
    window.seen.frames += 1;
    if (gap > ${LATE_MS}) window.seen.late += 1;
    window.seen.longest = Math.max(window.seen.longest, gap);
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) {
      window.seen.tasks += 1;
      window.seen.blockedMs += duration;
    }
  }).observe({ type: 'longtask' });
`);
  const busyBefore = await busy();
  const beganAt = performance.now();
  const usedBefore = process.cpuUsage();
  let sent = 0;
  /** In the middle, or after every minute but the last. */
  const heaps: number[] = [];
  const betweenHeapsMs = minutes === undefined ? (seconds * 1000) / 2 : SECONDS_OF_MINUTE * 1000;
  while (performance.now() - beganAt < seconds * 1000) {
    const due = Math.floor(((performance.now() - beganAt) / 1000) * perSecond);
    for (; sent < due; sent++) engine.publish(eventOf(sent));
    if (performance.now() - beganAt > betweenHeapsMs * (heaps.length + 1)) heaps.push(await heapBytes());
    await new Promise((resolve) => setTimeout(resolve, 1000 / perSecond));
  }
  const seen = await page.evaluate<{
    readonly frames: number;
    readonly late: number;
    readonly longest: number;
    readonly tasks: number;
    readonly blockedMs: number;
  }>('window.seen');
  const busyAfter = await busy();
  const spent = (name: string): number => (busyAfter.get(name) ?? 0) - (busyBefore.get(name) ?? 0);
  const end = { heap: await heapBytes(), elements: await elements() };
  const snapshots = engine.calls.filter(({ name }) => name === 'audits.snapshot').length;
  const { user } = process.cpuUsage(usedBefore);
  await browser.close();
  await engine.close();

  const mb = (bytes: number): string => (bytes / 1e6).toFixed(1);
  const elapsed = (performance.now() - beganAt) / 1000;
  const table = [
    `${cells.length} cells, ${sent} events in ${elapsed.toFixed(0)} s on ${cpus()[0]?.model.trim() ?? 'an unknown processor'}, ${cpus().length} threads:`,
    '',
    '| | |',
    '|---|--:|',
    `| frames | ${seen.frames} (${(seen.frames / elapsed).toFixed(1)} a second) |`,
    `| late by more than half a frame | ${seen.late} (${((seen.late / seen.frames) * 100).toFixed(1)} %) |`,
    `| longest between two | ${seen.longest.toFixed(0)} ms |`,
    `| tasks of 50 ms and more | ${seen.tasks}, together ${seen.blockedMs.toFixed(0)} ms |`,
    `| processor time of the page | ${spent('TaskDuration').toFixed(1)} s (${((spent('TaskDuration') / elapsed) * 100).toFixed(0)} %): scripts ${spent('ScriptDuration').toFixed(1)}, layout and style ${(spent('LayoutDuration') + spent('RecalcStyleDuration')).toFixed(1)} |`,
    `| elements in the page, begin and end | ${begin.elements}, ${end.elements} |`,
    `| heap after collection, begin, ${minutes === undefined ? 'middle, end' : 'then after each minute'} | ${[begin.heap, ...heaps, end.heap].map(mb).join(', ')} MB |`,
    `| snapshots asked for | ${snapshots} |`,
    `| programs that wanted a processor meanwhile (load average; ${cpus().length} threads) | ${(loadavg()[0] ?? 0).toFixed(0)} |`,
    `| processor time of the teller | ${(user / 1e6).toFixed(1)} s |`,
  ].join('\n');
  if (file !== undefined)
    writeFileSync(
      file,
      replaceBetween(readFileSync(file, 'utf8'), minutes === undefined ? 'app' : 'app-minutes', table),
    );
  console.log(table);
}
