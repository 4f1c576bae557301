import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CommandContext } from '../../audits/cli/context.ts';
import type { Reproduction } from '../../audits/cli/render/reproduction.ts';
import { plainPaint } from '../../audits/cli/render/view.ts';
import { runReproduction } from '../../audits/cli/run-reproduction.ts';
import { findData } from '../../audits/reproduce/data-at-hand.ts';
import { findTable } from '../../audits/reproduce/registry.ts';
import { reducedScale } from '../../audits/reproduce/scale.ts';
import type { PaperTable } from '../../audits/reproduce/table.ts';
import { byLoss, planThefts } from '../../audits/reproduce/theft.ts';
import { systemClock } from '../../audits/run/system-clock.ts';
import { openStore } from '../../audits/store/open.ts';
import { runMoat, startMoat } from '../helpers/moat.ts';
import { writeTinyEncoder } from '../helpers/tiny-encoder.ts';
import { writeTinyImages } from '../helpers/tiny-images.ts';

/** `moat reproduce` on drawn images in CIFAR-10's place: trainings, ownership tests and an audit of the real commands. */

let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'moat-reproduce-'));
  for (const part of ['train', 'test'])
    await writeTinyImages(path.join(folder, 'data', 'cifar10', part), {
      classes: 3,
      perClass: 80,
      seed: part,
    });
  writeTinyEncoder(path.join(folder, 'victim.onnx'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const machine = ['--engine', 'onnx', '--device', 'cpu'];
const table19 = ['reproduce', 'table19', '--data', 'data', '--victim', 'victim.onnx', ...machine];

test('a table is stopped, goes on, is shown again without running, and says what is missing', async () => {
  const running = startMoat(table19, { cwd: folder });
  await running.waitFor(/\[1\/3\] training/);
  // As a terminal does: to the command and to the one it started.
  process.kill(-(running.process.pid ?? 0), 'SIGINT');
  const stopped = await running.end;
  expect(stopped.code).toBe(5);
  expect(stopped.stderr).toContain('The same command goes on from here');

  const document = path.join(folder, 'reproduction.md');
  writeFileSync(document, '# Ours\n\n<!-- table19:begin -->\n<!-- table19:end -->\n');
  const run = await runMoat([...table19, '--json', '--write', 'reproduction.md'], { cwd: folder });
  expect(run.stderr).not.toMatch(/\n {4}at /);
  expect(run.code).toBe(0);
  const { reading } = JSON.parse(run.stdout) as Reproduction;
  const measured = reading.values.filter(({ ours }) => ours !== null);
  expect(new Set(measured.map(({ row }) => row))).toEqual(
    new Set(['CIFAR10 labels, q 50', 'CIFAR10 SSL (not in the paper)']),
  );
  expect(reading.values.find(({ row }) => row.startsWith('SVHN'))?.notRun).toContain('train_32x32.mat');
  expect(readFileSync(document, 'utf8')).toContain('| CIFAR10 labels, q 50, p |');

  const shown = await runMoat([...table19, '--report'], { cwd: folder });
  expect(shown.stderr).toBe('');
  expect(shown.stdout).toContain('Table 19: Dataset inference');
  expect(shown.stdout).toContain('http://ufldl.stanford.edu/housenumbers/');

  const list = ['reproduce', '--list', '--data', 'data', '--victim', 'victim.onnx'];
  const listed = await runMoat([...list, '--json'], { cwd: folder });
  const { tables } = JSON.parse(listed.stdout) as {
    tables: readonly { id: string; recordedMinutes: number | null }[];
  };
  const recorded = tables.filter(({ recordedMinutes }) => recordedMinutes !== null);
  expect(recorded.map(({ id }) => id)).toEqual(['table19']);
  expect(recorded[0]?.recordedMinutes).toBeGreaterThan(0);
  const spoken = (await runMoat(list, { cwd: folder })).stdout.replaceAll(/\s+/g, ' ');
  expect(spoken.match(/reduced: took/g)).toHaveLength(1);
  expect(spoken).toContain('on two cores, an estimate');
});

test('a table of thefts runs an audit, and asked again it computes nothing anew', async () => {
  const queries = 60;
  const tiny: PaperTable = {
    ...findTable('table2'),
    plan: (means) =>
      planThefts(means, {
        victim: 'cifar10',
        sent: { dataset: 'cifar10', part: 'train' },
        thefts: (['MSE', 'InfoNCE', 'SoftNN', 'Wasserstein', 'SupCon*', 'Barlow*'] as const).map((row) => ({
          row,
          attack: byLoss[row](means),
          queries: 9000,
          lacks: row === 'MSE' || row === 'SoftNN' ? undefined : 'it is left out of this test',
        })),
        minutes: 1,
      }),
  };
  const printed: unknown[] = [];
  const view = { columns: 100, paint: plainPaint };
  const context: CommandContext = {
    terminal: {
      output: view,
      progress: view,
      hasLiveProgress: false,
      print: () => undefined,
      printJson: (value) => void printed.push(value),
      note: () => undefined,
      writeProgress: () => undefined,
    },
    clock: systemClock,
    moatVersion: '0',
    folder,
    exitCode: 0,
    logFile: null,
  };
  const here = path.join(folder, 'thefts');
  mkdirSync(here);
  const run = (): Promise<void> =>
    runReproduction(context, {
      table: tiny,
      means: {
        scale: {
          ...reducedScale,
          audit: ['--preset', 'demo', '--fit-rows', '100', '--score-rows', '100'],
          queries: () => queries,
        },
        data: findData(path.join(folder, 'data')),
        seeds: 1,
        victim: path.join(folder, 'victim.onnx'),
        projection: undefined,
      },
      folder: here,
      device: { engine: 'onnx', device: 'cpu' },
      report: false,
      write: undefined,
      json: true,
      quiet: true,
    });
  const finished = (): readonly (string | null)[] => {
    const store = openStore(path.join(here, 'reproduction.db'), { mode: 'read', clock: systemClock });
    try {
      const [audit] = store.audits.list();
      return audit === undefined ? [] : store.cells.byAudit(audit.id).map(({ finishedAt }) => finishedAt);
    } finally {
      store.close();
    }
  };
  await run();
  const before = finished();
  await run();
  expect(finished()).toEqual(before);
  const [first, second] = printed as Reproduction[];
  expect(second?.reading).toEqual(first?.reading);
  const softnn = first?.reading.values.find(({ row, column }) => row === 'SoftNN' && column === 'CIFAR10');
  expect(softnn?.value).toBe(76.9);
  expect(softnn?.ours?.seeds).toBe(1);
  expect(first?.reading.values.find(({ column }) => column === 'STL10')?.notRun).toContain('stl10_binary');
});
