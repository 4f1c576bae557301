import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { isRunning } from '../../test/helpers/is-running.ts';
import { startMoat, type RunningCommand } from '../../test/helpers/moat.ts';
import { packsIn, writeTinyPack } from '../../test/helpers/tiny-pack.ts';
import { writeStandInPip, type StandInPip } from '../../test/helpers/stand-in-pip.ts';
import type { BridgeEvent, BridgeReply } from '../contract/bridge.ts';
import { removePack } from '../tensor/tensorflow/pack/remove.ts';
import { thisProcess } from '../tensor/tensorflow/pack/requirements.ts';
import { openSampleEngine, sampleWindow } from './engine.sample.ts';
import type { ServedEngine } from './open-engine.ts';

/** What windows are told of an installation, and how it is ended, with a pip that never has the whole wheel. */

const isSupported = process.platform === 'linux' && process.arch === 'x64';
const asked = { engine: 'tensorflow' };
const fetching = { state: 'running', fraction: null, sentence: 'Fetching tensorflow-cpu with pip (0.3 GB).' };
let folder: string;
let pip: StandInPip;
let engine: ServedEngine;
let command: RunningCommand | undefined;
let events: BridgeEvent['event'][];
const engines = (): string => path.join(folder, 'engines');

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'moat-installation-'));
  pip = writeStandInPip(folder);
  for (const [name, value] of Object.entries(pip.variables)) vi.stubEnv(name, value);
  vi.stubEnv('MOAT_ENGINES', engines());
  engine = openSampleEngine(folder);
  events = [];
  engine.subscribe(({ event }) => events.push(event));
});
afterEach(async () => {
  command?.killGroup();
  await engine.close();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const { call, refusal } = sampleWindow(() => engine);

const tensorflowOf = (entries: BridgeReply<'engines.list'>) => entries.find(({ id }) => id === 'tensorflow');

describe.skipIf(!isSupported)('an installation', () => {
  test('is told to every window, begun once, and cancelled with all that runs for it', async () => {
    const installed = call('engines.install', asked);
    const pids = await pip.started();
    expect(tensorflowOf(await call('engines.list', {}))).toMatchObject({
      state: 'not-installed',
      canInstall: false,
      canRemove: false,
      installation: fetching,
    });
    await expect(call('engines.install', asked)).rejects.toThrow(
      'The tensorflow engine is being installed already.',
    );
    await expect(call('engines.remove', asked)).rejects.toThrow('The engine is being installed; cancel that');
    expect(readdirSync(path.join(engines(), `.tensorflow-${process.pid}`, 'scratch'))).toEqual([
      'wheel.part',
    ]);

    const cancelled = tensorflowOf(await call('engines.cancel', asked));
    expect(cancelled).toMatchObject({
      state: 'not-installed',
      canInstall: true,
      installation: {
        state: 'cancelled',
        sentence: 'The installation was cancelled; nothing of it was kept.',
      },
    });
    expect(tensorflowOf(await installed)).toEqual(cancelled);
    expect(packsIn(engines())).toEqual([]);
    await expect.poll(() => pids.some(isRunning)).toBe(false);
    const { state: _state, ...told } = fetching;
    expect(events).toEqual([
      {
        type: 'task',
        task: 'engines.install',
        fraction: null,
        sentence: 'Installing the tensorflow engine.',
      },
      { type: 'engines-changed' },
      { type: 'task', task: 'engines.install', ...told },
      { type: 'engines-changed' },
    ]);
    // Nothing is under way any more, which is not an error.
    expect(tensorflowOf(await call('engines.cancel', asked))).toEqual(cancelled);
  });

  test('that fails is told to windows which did not begin it, until the next one begins', async () => {
    vi.stubEnv('CXX', path.join(folder, 'no-such-compiler'));
    await expect(call('engines.install', asked)).rejects.toThrow('does not start');
    expect(tensorflowOf(await call('engines.list', {}))).toMatchObject({
      canInstall: true,
      installation: {
        state: 'failed',
        sentence: expect.stringMatching(
          /no-such-compiler\) does not start\. When that is done, try again\.$/,
        ) as string,
      },
    });
    vi.stubEnv('CXX', pip.variables.CXX);
    const installed = call('engines.install', asked);
    await pip.started();
    expect(tensorflowOf(await call('engines.list', {}))?.installation).toEqual(fetching);
    await call('engines.cancel', asked);
    await installed;
  });

  test('begun on a command line is told to windows, and not begun here as well', async () => {
    command = startMoat(['engine', 'install', 'tensorflow'], { cwd: folder });
    const { pid } = command.process;
    await pip.started();
    const sentence = `The tensorflow engine is being installed by another program (process ${pid}).`;
    const isTold = (): boolean => events.some(({ type }) => type === 'engines-changed');
    await expect.poll(isTold).toBe(true);
    expect(tensorflowOf(await call('engines.list', {}))).toMatchObject({
      canInstall: false,
      canRemove: false,
      installation: { state: 'elsewhere', sentence },
    });
    for (const method of ['engines.install', 'engines.remove'] as const)
      expect(await refusal(method, asked)).toMatchObject({ code: 'engine-busy', message: sentence });

    events.length = 0;
    command.process.kill('SIGINT');
    expect((await command.end).code).toBe(5);
    await expect.poll(isTold).toBe(true);
    expect(tensorflowOf(await call('engines.list', {}))).toMatchObject({
      canInstall: true,
      installation: null,
    });
    events.length = 0;
    writeTinyPack(engines());
    await expect.poll(isTold).toBe(true);
    expect(tensorflowOf(await call('engines.list', {}))?.state).toBe('ready');
  });

  test.each(['here', 'elsewhere'])('that failed is old news when a pack was removed %s', async (where) => {
    vi.stubEnv('CXX', path.join(folder, 'no-such-compiler'));
    await refusal('engines.install', asked);
    events.length = 0;
    writeTinyPack(engines());
    if (where === 'here') await call('engines.remove', asked);
    else {
      await expect.poll(() => events.length).toBe(1);
      removePack(engines());
      await expect.poll(() => events.length).toBe(2);
    }
    expect(tensorflowOf(await call('engines.list', {}))).toMatchObject({
      state: 'not-installed',
      installation: null,
    });
  });

  test('ends with the engine that began it', async () => {
    const installed = call('engines.install', asked);
    const pids = await pip.started();
    await engine.close();
    expect(tensorflowOf(await installed)?.installation?.state).toBe('cancelled');
    expect(packsIn(engines())).toEqual([]);
    await expect.poll(() => pids.some(isRunning)).toBe(false);
    engine = openSampleEngine(folder);
    expect(tensorflowOf(await call('engines.list', {}))?.installation).toBeNull();
  });
});

test('where an engine cannot be installed no window offers to', async () => {
  const { platform } = thisProcess;
  Object.assign(thisProcess, { platform: 'darwin-arm64' });
  try {
    expect(tensorflowOf(await call('engines.list', {}))).toMatchObject({
      state: 'not-installed',
      sentence: 'It can be installed on Linux x64 only.',
      canInstall: false,
    });
  } finally {
    Object.assign(thisProcess, { platform });
  }
});
