import type { Engine } from '../contract/engine.ts';
import { floatsNamed } from '../surrogates/parameters.ts';
import { benchmarkStep, findNetwork } from './networks.ts';
import type { OpenWorkload, WorkloadOf } from './workload.ts';

/** Losses compared: of the untouched weights, and after one and two updates. */
const CHECKED_STEPS = 3;

/** Training steps of one network on one batch; a unit is a step. */
export async function openTraining(workload: WorkloadOf<'training'>, engine: Engine): Promise<OpenWorkload> {
  const { definition, weights, images, targets, inputs } = benchmarkStep(
    findNetwork(workload.network),
    workload,
  );
  const compiled = await engine.compile(definition);
  let steps = 0;
  /** As many steps as the engine wants at once. @returns the loss before each of their updates */
  const block = async (): Promise<readonly number[]> => {
    const outputs = await compiled.runMany(Array.from({ length: engine.stepsPerRun }, () => inputs(steps++)));
    return outputs.map((each) => floatsNamed(each, 'loss')[0] ?? Number.NaN);
  };
  return {
    arrays: { ...weights, images, targets },
    async check() {
      const losses: number[] = [];
      while (losses.length < CHECKED_STEPS) losses.push(...(await block()));
      return losses.slice(0, CHECKED_STEPS);
    },
    async run() {
      return (await block()).length;
    },
    dispose: () => compiled.dispose(),
  };
}
