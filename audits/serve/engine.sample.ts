import path from 'node:path';
import type { BridgeMethod, BridgeReply, BridgeRequest } from '../contract/bridge.ts';
import type { CellOutcome, CellWork, Measurement } from '../contract/cell.ts';
import { MoatError, type SerializedError } from '../contract/errors.ts';
import { buildResult } from '../report/build.ts';
import type { Job } from '../run/jobs.ts';
import { systemClock } from '../run/system-clock.ts';
import type { StartWorker } from '../run/worker-host.ts';
import { examplePreparation } from '../store/fixtures/example.ts';
import { openServe, type ServedEngine } from './open-engine.ts';

/** An engine with a real store and a real runner, whose workers only pretend to compute. */
export function openSampleEngine(
  folder: string,
  startWorker: StartWorker = pretendingWorkers(),
): ServedEngine {
  return openServe({
    database: path.join(folder, 'audits.db'),
    host: 'http',
    moatVersion: '0.0.0',
    command: 'test',
    clock: systemClock,
    startWorker,
  });
}

/** Asks an engine as a window does. */
export interface SampleWindow {
  /** @returns the reply as it arrives at a window: what does not survive JSON is not there */
  readonly call: <Name extends BridgeMethod>(
    name: Name,
    request: BridgeRequest<Name>,
  ) => Promise<BridgeReply<Name>>;
  /** @returns why it is not answered */
  readonly refusal: (name: string, request: unknown) => Promise<SerializedError>;
}

/** @param engine the one that is open when something is asked */
export function sampleWindow(engine: () => ServedEngine): SampleWindow {
  return {
    async call<Name extends BridgeMethod>(name: Name, request: BridgeRequest<Name>) {
      const reply = await engine().dispatch(name, request);
      if (!reply.ok) throw MoatError.fromJSON(reply.error);
      return JSON.parse(JSON.stringify(reply.value)) as BridgeReply<Name>;
    },
    async refusal(name, request) {
      const reply = await engine().dispatch(name, request);
      if (reply.ok) throw new Error(`${name} was answered`);
      return reply.error;
    },
  };
}

/** An audit of four kinds of cells, of which `pretendingWorkers` knows the numbers. */
export const sampleSettings = {
  preset: 'demo',
  attacks: ['direct-extraction'],
  listedOnly: true,
  defenses: ['rounding'],
  budgets: [500],
  seeds: 1,
  workers: 1,
  engine: 'onnx',
  device: 'cpu',
} as const;

/** The victim is right in 90 %, whoever never asked in 30 %, a thief in 75 %. */
export const sampleAccuracy = { victim: 0.9, control: 0.3, thief: 0.75 } as const;

/** @param before each cell; may wait, or throw to fail it */
export function pretendingWorkers(
  before: (work: CellWork) => void | Promise<void> = () => undefined,
): StartWorker {
  return () => {
    let cancelled = false;
    return {
      async run<Result>(job: unknown): Promise<Result> {
        const asked = job as Job;
        await new Promise((resolve) => setImmediate(resolve));
        if (asked.kind === 'prepare') return examplePreparation as Result;
        if (asked.kind === 'judge') return buildResult(asked) as Result;
        if (asked.kind !== 'cell' || cancelled) throw new Error(`nothing to pretend for ${asked.kind}`);
        await before(asked.work);
        return outcomeOf(asked.work) as Result;
      },
      cancel: () => void (cancelled = true),
      stop: () => Promise.resolve(),
    };
  };
}

function outcomeOf(work: CellWork): CellOutcome {
  const measurements: readonly Measurement[] =
    work.kind === 'honest'
      ? [
          'clean-probe-accuracy',
          'clean-knn-accuracy',
          'honest-probe-accuracy',
          'honest-knn-accuracy',
          'honest-recall-10',
        ].map((metric) => fraction(metric, 0.75))
      : [
          'probe-accuracy',
          'knn-accuracy',
          'few-label-probe-accuracy',
          'cka',
          'neighbor-overlap-10',
          'agreement',
        ].map((metric) => fraction(metric, accuracyOf(work)));
  return { measurements, diagnostics: { epochs: 3 }, ledger: [], artifacts: [], elapsedMs: 10 };
}

function accuracyOf(work: CellWork): number {
  if (work.kind === 'victim') return sampleAccuracy.victim;
  return work.kind === 'attack' && work.attack.id === 'no-victim'
    ? sampleAccuracy.control
    : sampleAccuracy.thief;
}

const fraction = (metric: string, value: number): Measurement => ({
  metric,
  task: 'shapes',
  value,
  unit: 'fraction',
  n: 20,
  items: Float32Array.from({ length: 20 }, (_, i) => Number(i < value * 20)),
});
