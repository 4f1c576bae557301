import { rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { BridgeEvent } from '../../audits/contract/bridge.ts';
import { runMoat } from '../helpers/moat.ts';
import { startServed, type Served } from '../helpers/served.ts';
import { makeTinyProject, measurementsOf, type TinyProject } from '../helpers/tiny-project.ts';

/** A real server, its real workers and database, and a client that knows its address: whole stories. */

let project: TinyProject;
const running: Served[] = [];

beforeAll(async () => {
  project = await makeTinyProject();
});
afterEach(async () => {
  for (const { command } of running.splice(0)) {
    command.killGroup();
    await command.end;
  }
});
afterAll(() => rmSync(project.folder, { recursive: true, force: true }));

const at = (name: string): string => path.join(project.folder, name);
const settings = (): Record<string, unknown> => ({
  encoder: at('encoder.onnx'),
  pool: [at('pool')],
  task: { tiny: at('task') },
  preset: 'quick',
  budgets: [64],
  seeds: 1,
  surrogate: ['small-cnn:inputSize=16:epochs=1'],
  fitRows: 100,
  scoreRows: 100,
  attacks: ['direct-extraction'],
  listedOnly: true,
  defenses: ['gaussian-noise'],
  engine: 'onnx',
  device: 'cpu',
  workers: 1,
});

async function serve(database: string): Promise<Served> {
  const served = await startServed(['--db', database], { cwd: project.folder });
  running.push(served);
  return served;
}

type Event = BridgeEvent['event'];
const isCellDone = (event: Event): boolean => event.type === 'cell-result' && event.cell.state === 'done';
const isEnd = (event: Event): boolean =>
  event.type === 'run' && event.run.type === 'stage' && event.run.stage === 'done';

test('started and watched, stopped, resumed, ended by Ctrl-C, resumed by the next server, read', async () => {
  const first = await serve('story.db');
  expect((await first.call('app.hello', {})).readOnlyBecause).toBeNull();
  const oneDone = first.next(isCellDone);
  const { id } = await first.call('audits.start', { settings: settings() });
  await oneDone;
  const stopped = first.next(isEnd);
  expect(await first.call('audits.stop', { id })).toEqual({ stopping: true });
  await stopped;
  const afterStop = await first.call('audits.snapshot', { id });
  expect(afterStop.entry.state).toBe('cancelled');
  expect(afterStop.cells.map(({ state }) => state)).toContain('done');
  expect(afterStop.cells.map(({ state }) => state)).toContain('pending');

  const anotherDone = first.next(isCellDone);
  await first.call('audits.resume', { id });
  await anotherDone;
  first.command.process.kill('SIGINT');
  const end = await first.command.end;
  expect([end.code, end.stderr]).toEqual([
    5,
    expect.stringMatching(/stopping at a safe point; .*resume --db story\.db/),
  ]);

  const second = await serve('story.db');
  expect((await second.call('audits.list', {}))[0]).toMatchObject({ id, state: 'cancelled' });
  const finished = second.next(isEnd);
  await second.call('audits.resume', { id });
  await finished;
  const { result, isPartial } = await second.call('audits.result', { id });
  expect([result.auditId, result.state, isPartial]).toEqual([id, 'completed', false]);
  expect(new Set(result.matrix.map(({ state }) => state))).toEqual(new Set(['done']));
  // The command line reads the same database while it is served.
  expect((await runMoat(['list', '--db', 'story.db'], { cwd: project.folder })).stdout).toContain(id);
  const busy = await runMoat(['audit', '--db', 'story.db', '--engine', 'onnx', '--device', 'cpu'], {
    cwd: project.folder,
  });
  expect([busy.code, busy.stderr]).toEqual([2, expect.stringContaining('"moat serve" (process')]);
  second.command.process.kill('SIGINT');
  expect((await second.command.end).code).toBe(0);
});

test('killed in the middle: the next server says interrupted, and resuming measures what an undisturbed run measures', async () => {
  const whole = await serve('whole.db');
  const wholeEnd = whole.next(isEnd);
  await whole.call('audits.start', { settings: settings() });
  await wholeEnd;
  whole.command.process.kill('SIGINT');
  await whole.command.end;

  const killed = await serve('killed.db');
  const oneDone = killed.next(isCellDone);
  const { id } = await killed.call('audits.start', { settings: settings() });
  await oneDone;
  killed.command.killGroup();
  await killed.command.end;

  const next = await serve('killed.db');
  const before = await next.call('audits.snapshot', { id });
  expect([before.entry.state, before.stage]).toEqual(['interrupted', 'interrupted']);
  expect(before.cells.map(({ state }) => state)).not.toContain('running');
  const finished = next.next(isEnd);
  await next.call('audits.resume', { id });
  await finished;
  expect((await next.call('audits.snapshot', { id })).entry.state).toBe('completed');
  next.command.process.kill('SIGINT');
  await next.command.end;
  expect(measurementsOf(at('killed.db'))).toEqual(measurementsOf(at('whole.db')));
});

test('it listens on this machine alone unless told otherwise, and then says what that means', async () => {
  const { origin, command } = await serve('alone.db');
  expect(origin).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(command.stderr()).not.toContain('warning');
  const open = await startServed(['--db', 'open.db', '--host', '0.0.0.0'], { cwd: project.folder });
  running.push(open);
  await open.command.waitFor(/warning: 0\.0\.0\.0 can be reached from other machines/);
});
