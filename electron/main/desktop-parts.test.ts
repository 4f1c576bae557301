import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { AuditEntry, BridgeEvent } from '../../audits/contract/bridge.ts';
import type { AuditId } from '../../audits/contract/cell.ts';
import { auditsToResume, endedAudits, idle, overallFraction, withEntries, withEvent } from './activity.ts';
import { channels } from './channels.ts';
import { openCrashLog } from './crash-log.ts';
import { linkAmong, placeOfLink } from './deep-link.ts';
import { offerDialogs } from './dialogs.ts';
import { menuTemplate } from './menu.ts';
import { noticeOf } from './notifications.ts';
import { databaseAmong } from './opened-file.ts';
import { createPowerSave } from './power-save.ts';
import { createThemeWatch } from './theme.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'moat-desktop-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const entry = (id: string, state: AuditEntry['state'], more: Partial<AuditEntry> = {}): AuditEntry => ({
  id: id as AuditId,
  createdAt: '2026-01-01T00:00:00.000Z',
  finishedAt: null,
  state,
  encoder: `${id}.onnx`,
  preset: 'quick',
  cellsTotal: 2,
  cellsDone: 1,
  cellsFailed: 0,
  tags: [],
  note: '',
  deletedAt: null,
  verdict: null,
  ...more,
});
const progress = (id: string, fraction: number): BridgeEvent => ({
  sequence: 1,
  engineLife: 'a',
  event: {
    type: 'run',
    auditId: id as AuditId,
    run: { type: 'progress', cellsDone: 0, cellsTotal: 2, fraction, etaMs: null, running: [] },
  },
});

test('the bar is the mean of what runs, and gone when nothing does', () => {
  expect(overallFraction(idle)).toBeUndefined();
  const two = withEntries(idle, [entry('a', 'running'), entry('b', 'preparing'), entry('c', 'completed')]);
  expect(overallFraction(withEvent(two, progress('a', 0.5)))).toBe(0.25);
  expect(withEvent(two, progress('c', 0.5))).toBe(two);
});

test('what ran and does no more has ended', () => {
  const before = withEntries(idle, [entry('a', 'running'), entry('b', 'running')]);
  const entries = [entry('a', 'completed'), entry('b', 'running'), entry('c', 'completed')];
  expect(endedAudits(before, withEntries(before, entries), entries).map(({ id }) => id)).toEqual(['a']);
});

test('what ran when the engine died is resumed; what was stopped or deleted is not', () => {
  const ran = withEntries(
    idle,
    ['a', 'b', 'c', 'd'].map((id) => entry(id, 'running')),
  );
  const entries = [
    entry('a', 'interrupted'),
    entry('b', 'completed'),
    entry('c', 'cancelled'),
    entry('d', 'interrupted', { deletedAt: '2026-01-01T00:00:00.000Z' }),
    entry('e', 'interrupted'),
  ];
  expect(auditsToResume(ran, entries)).toEqual(['a']);
});

test('the machine is kept awake once, and only while something runs', () => {
  const start = vi.fn(() => 7);
  const stop = vi.fn(() => true);
  const keepAwake = createPowerSave({ start, stop });
  for (const isRunning of [false, true, true, false, false]) keepAwake(isRunning);
  expect(start.mock.calls).toEqual([['prevent-app-suspension']]);
  expect(stop.mock.calls).toEqual([[7]]);
});

test('the end of an audit is told, a stop by the user is not', () => {
  expect(noticeOf(entry('a', 'completed', { verdict: 'fail' }))?.body).toBe('a.onnx: fail.');
  const bodyOf = (encoder: string) =>
    noticeOf(entry('a', 'completed', { encoder, verdict: 'not-measured' }))?.body;
  expect(bodyOf(`/models/${'deep/'.repeat(20)}a.onnx`)).toBe('a.onnx: not measured.');
  expect(bodyOf('C:\\models\\a.onnx')).toBe('a.onnx: not measured.');
  expect(bodyOf('https://embed.example/v1')).toBe('https://embed.example/v1: not measured.');
  expect(bodyOf('builtin:demo')).toBe('Built-in demo: not measured.');
  expect(noticeOf(entry('a', 'failed'))?.title).toBe('The audit could not go on');
  expect(noticeOf(entry('a', 'cancelled'))).toBeNull();
});

test.each([
  ['moat://audit/0a1b2c3d', '#/report/0a1b2c3d'],
  ['moat://audit/0a1b2c3d/', '#/report/0a1b2c3d'],
  ['moat://audit/0a1b2c3d?x=1', undefined],
  ['moat://audit/../settings', undefined],
  ['moat://audit/0A1B2C3D', undefined],
  ['moat://settings/0a1b2c3d', undefined],
  ['https://audit/0a1b2c3d', undefined],
])('the link %s leads to %s', (link, place) => {
  expect(placeOfLink(link)).toBe(place);
});

test('the words of a start may hold a link or a database that is there', () => {
  const file = path.join(folder, 'mine.moat');
  writeFileSync(file, '');
  mkdirSync(path.join(folder, 'folder.moat'));
  expect(linkAmong(['moat', '--flag', 'moat://audit/0a1b2c3d'])).toBe('moat://audit/0a1b2c3d');
  expect(databaseAmong(['/usr/bin/moat', 'mine.moat'], folder)).toBe(file);
  for (const word of ['other.moat', 'folder.moat', '--x=mine.moat', 'mine.db'])
    expect(databaseAmong([word], folder), word).toBeUndefined();
});

test('the crash log keeps lines with their time, and no more than two files of 1 MB', () => {
  const log = openCrashLog(path.join(folder, 'logs'), () => new Date(0));
  log.write('first\nsecond');
  expect(readFileSync(log.file, 'utf8')).toBe('1970-01-01T00:00:00.000Z first\n  second\n');
  log.write('x'.repeat(1 << 20));
  log.write('after');
  expect(readFileSync(log.file, 'utf8')).toBe('1970-01-01T00:00:00.000Z after\n');
  expect(statSync(`${log.file}.1`).size).toBeGreaterThan(1 << 20);
});

test('a crash log that cannot be written to is no second failure', () => {
  writeFileSync(path.join(folder, 'logs'), 'a file');
  expect(() => openCrashLog(path.join(folder, 'logs'), () => new Date(0)).write('x')).not.toThrow();
});

test('the menu leads to the app’s own places; developer tools are not in a packaged app', () => {
  const gone: string[] = [];
  const parts = {
    platform: 'linux' as const,
    isPackaged: true,
    navigate: (hash: string) => void gone.push(hash),
    command: () => undefined,
    openDatabase: () => undefined,
    openWindow: () => undefined,
    showCrashLog: () => undefined,
  };
  const items = menuTemplate(parts).flatMap(({ submenu }) => (Array.isArray(submenu) ? submenu : []));
  for (const { label, click } of items)
    if (label !== undefined && label !== 'Open database …') (click as (() => void) | undefined)?.();
  expect(gone).toEqual(['#/new', '#/settings', '#/', '#/history', '#/compare']);
  expect(items.map(({ role }) => role)).not.toContain('toggleDevTools');
  const accelerators = items.flatMap(({ accelerator }) => (accelerator === undefined ? [] : [accelerator]));
  expect(new Set(accelerators).size).toBe(accelerators.length);
  expect(JSON.stringify(menuTemplate({ ...parts, isPackaged: false }))).toContain('toggleDevTools');
});

function offered(
  showOpenDialog: Electron.Dialog['showOpenDialog'] = () =>
    Promise.resolve({ canceled: true, filePaths: [] }),
  showSaveDialog: Electron.Dialog['showSaveDialog'] = () => Promise.resolve({ canceled: true, filePath: '' }),
) {
  const runs = new Map<string, (request: never, contents: never) => unknown>();
  const openPath = vi.fn(() => Promise.resolve(''));
  offerDialogs(
    (channel, schema, run) =>
      void runs.set(channel, (request, contents) => run(schema.parse(request), contents)),
    {
      dialog: { showOpenDialog, showSaveDialog },
      shell: { openPath },
      windowOf: () => null,
    },
  );
  const ask = (channel: string, request: unknown): unknown =>
    runs.get(channel)?.(request as never, {} as never);
  return { ask, openPath };
}

test('a page may have a folder or a report opened, never a program', async () => {
  const { ask, openPath } = offered();
  writeFileSync(path.join(folder, 'report.pdf'), '');
  writeFileSync(path.join(folder, 'program.sh'), '');
  mkdirSync(path.join(folder, 'Program.app'));
  await ask(channels.openPath, { path: folder });
  await ask(channels.openPath, { path: path.join(folder, 'report.pdf') });
  expect(openPath).toHaveBeenCalledTimes(2);
  for (const name of ['program.sh', 'Program.app'])
    await expect(
      Promise.resolve().then(() => ask(channels.openPath, { path: path.join(folder, name) })),
    ).rejects.toThrow(/neither a folder nor a report/);
  for (const place of [path.join(folder, 'missing.pdf'), 'report.pdf'])
    await expect(Promise.resolve().then(() => ask(channels.openPath, { path: place }))).rejects.toMatchObject(
      { code: 'path-not-opened', message: `There is no file or folder ${place}.` },
    );
  expect(openPath).toHaveBeenCalledTimes(2);
  openPath.mockResolvedValueOnce('No application is set');
  await expect(ask(channels.openPath, { path: folder })).rejects.toMatchObject({
    code: 'path-not-opened',
    message: `${folder} could not be opened: No application is set`,
  });
});

test('a dialog that the system cannot show is an error with advice, not a bug of ours', async () => {
  const fail = () => Promise.reject(new Error('no portal answers'));
  const { ask } = offered(fail, fail);
  const requests = [
    [channels.chooseFolder, { title: 'x' }],
    [channels.chooseFile, { title: 'x', extensions: [] }],
    [channels.saveFile, { title: 'x', name: 'report.pdf' }],
  ] as const;
  for (const [channel, request] of requests) {
    await expect(ask(channel, request)).rejects.toMatchObject({
      code: 'dialog-failed',
      message: 'The system’s dialog could not be shown: no portal answers',
    });
  }
});

test('kinds of files are named by what they let through', async () => {
  const show = vi.fn(() => Promise.resolve({ canceled: false, filePaths: ['/models/encoder.onnx'] }));
  const { ask } = offered(show);
  expect(await ask(channels.chooseFile, { title: 'Images', extensions: ['bin', 'npz'] })).toBe(
    '/models/encoder.onnx',
  );
  expect(show).toHaveBeenLastCalledWith(
    expect.objectContaining({
      title: 'Images',
      filters: [{ name: '*.bin, *.npz', extensions: ['bin', 'npz'] }],
    }),
  );
  await ask(channels.chooseFile, { title: 'Anything', extensions: [] });
  expect(show).toHaveBeenLastCalledWith(expect.objectContaining({ filters: [] }));
});

test('where a report is saved is asked with a name, and before a file is replaced', async () => {
  const save = vi.fn(() => Promise.resolve({ canceled: false, filePath: '/reports/moat-7-report.pdf' }));
  const { ask } = offered(undefined, save);
  const request = { title: 'Save the report', name: 'moat-7-report.pdf' };
  expect(await ask(channels.saveFile, request)).toBe('/reports/moat-7-report.pdf');
  expect(save).toHaveBeenCalledWith(
    expect.objectContaining({
      defaultPath: 'moat-7-report.pdf',
      filters: [{ name: '*.pdf', extensions: ['pdf'] }],
      properties: expect.arrayContaining(['showOverwriteConfirmation']),
    }),
  );
  for (const name of ['../report.pdf', '/etc/x.pdf', 'a\\b.pdf', 'report', '.pdf'])
    expect(() => ask(channels.saveFile, { title: 'x', name }), name).toThrow();
});

test('a cancelled dialog answers null', async () => {
  const { ask } = offered();
  expect(await ask(channels.saveFile, { title: 'Report', name: 'report.pdf' })).toBeNull();
  expect(await ask(channels.chooseFile, { title: 'Encoder', extensions: ['onnx'] })).toBeNull();
  expect(() => ask(channels.chooseFile, { title: 'Encoder', extensions: ['*/../x'] })).toThrow();
});

test('the system draws in the theme that is set, from the start and after each change', async () => {
  const nativeTheme = { themeSource: 'system' as 'system' | 'light' | 'dark' };
  const failures: unknown[] = [];
  let set = 'dark';
  const theme = createThemeWatch({
    nativeTheme,
    call: () => (set === '' ? Promise.reject(new Error('gone')) : Promise.resolve({ theme: set })),
    logFailure: () => (error) => failures.push(error),
  });
  theme.look();
  await vi.waitFor(() => expect(nativeTheme.themeSource).toBe('dark'));
  const told = (type: 'settings-changed' | 'audits-changed'): void =>
    theme.take({ sequence: 1, engineLife: 'a', event: { type } });
  set = 'light';
  told('audits-changed');
  await Promise.resolve();
  expect(nativeTheme.themeSource).toBe('dark');
  told('settings-changed');
  await vi.waitFor(() => expect(nativeTheme.themeSource).toBe('light'));
  set = '';
  told('settings-changed');
  await vi.waitFor(() => expect(failures.length).toBe(1));
  expect(nativeTheme.themeSource).toBe('light');
});
