import type { Matrix } from '../contract/data.ts';
import type { Engine } from '../contract/engine.ts';
import { mse } from '../losses/mse.ts';
import type { Rng } from '../rng.ts';
import { applyStandardizer, fitStandardizer } from '../tensor/linear-algebra/standardize.ts';
import { architectureOnFeatures, surrogateOnBackbone, type BackboneModel } from './on-backbone.ts';
import { arraysNamed } from './parameters.ts';
import { runEpochs } from './run-epochs.ts';
import { mapInScale, measureTargets, standardizeTargets } from './targets.ts';
import { trainingRule } from './training-rule.ts';
import { trainingStep, type TrainingStepPlan } from './training-step.ts';

export interface FitHeadRequest {
  readonly engine: Engine;
  /** `[rows, features]` */
  readonly features: Matrix;
  /** `[rows, dimension]` */
  readonly targets: Matrix;
  /** Width of the hidden layer. */
  readonly hidden: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly rng: Rng;
  readonly signal: AbortSignal;
}

/**
 * A head with one hidden layer from known rows to known rows by squared error, as `backbone-head` has it: standardised on both
 * sides, batch norm, Adam with a cosine schedule. Short enough to need no checkpoint.
 * @returns maps of raw features (`mapFeatures` applies them) to the targets\' own scale
 * @throws MoatError `cancelled`, `training-diverged`
 */
export async function fitHead(request: FitHeadRequest): Promise<BackboneModel> {
  const { engine, features, targets, hidden, epochs, rng, signal } = request;
  const batchSize = Math.min(request.batchSize, features.rows);
  const architecture = architectureOnFeatures('backbone-head', features.columns, hidden);
  const { weights, statistics } = architecture.initialize(rng.derive('initialization'), targets.columns, 1);
  const standardizer = await fitStandardizer(features);
  const map = measureTargets([targets], targets.columns);
  const { learningRateFactor } = architecture;
  const rule = trainingRule(mse.defaults, {}, { batchSize, learningRateFactor });
  const stepPlan: TrainingStepPlan = {
    architecture,
    weights,
    statistics,
    optimizer: rule.optimizer,
    loss: mse,
    lossOptions: {},
    views: 1,
    batchSize,
    inputSize: 1,
    featureLength: features.columns,
    dimension: targets.columns,
  };
  const compiled = await engine.compile(trainingStep(stepPlan));
  try {
    await runEpochs(
      {
        engine,
        settings: { architecture: architecture.id, inputSize: 1, epochs, batchSize },
        targets: [targets],
        loss: mse,
        rng,
        checkpoint: { load: () => Promise.resolve(undefined), save: () => Promise.resolve() },
        signal,
        progress: () => undefined,
        log: () => undefined,
      },
      compiled,
      {
        views: [
          {
            features: applyStandardizer(standardizer, features),
            targets: standardizeTargets(targets, map),
          },
        ],
        rows: features.rows,
        firstRow: () => 0,
        batchSize,
        rule,
        stepPlan,
        parts: 1,
      },
    );
    const trained = arraysNamed(await compiled.readState(), { ...weights, ...statistics });
    return mapInScale(surrogateOnBackbone(trained, standardizer), map);
  } finally {
    await compiled.dispose();
  }
}
