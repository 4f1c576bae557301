import type { TrainingSettings } from '../contract/method.ts';
import type { TrainingPosition } from '../learning-rates/learning-rate.ts';
import { findSchedule } from '../learning-rates/registry.ts';
import { warmedUpRate } from '../learning-rates/warm-up.ts';
import type { LossDefaults } from '../losses/loss.ts';
import { findOptimizer } from '../optimizers/registry.ts';
import type { Optimizer } from '../optimizers/optimizer.ts';

/** How one training moves its weights, every choice made. */
export interface TrainingRule {
  readonly optimizer: Optimizer;
  /** Peak of the schedule. */
  readonly learningRate: number;
  readonly clipNorm: number | undefined;
  rateAt(position: TrainingPosition): number;
}

/**
 * Joins what a loss brings along with what was set for the audit. An optimizer that takes the place of the loss's own
 * is used with its own usual rate and decay: a rate found for Adam says nothing about LARS.
 * @param learningRateFactor the architecture's, for the loss's own rate
 */
export function trainingRule(
  loss: LossDefaults,
  settings: TrainingSettings,
  network: { readonly batchSize: number; readonly learningRateFactor: number },
): TrainingRule {
  const definition = findOptimizer(settings.optimizer ?? loss.optimizer);
  const usual =
    definition.id === loss.optimizer
      ? {
          learningRate: loss.learningRate * network.learningRateFactor,
          weightDecay: loss.weightDecay,
        }
      : definition.usual(network.batchSize);
  const learningRate = settings.learningRate ?? usual.learningRate;
  const schedule = findSchedule(settings.schedule ?? 'cosine');
  return {
    optimizer: definition.create({
      weightDecay: settings.weightDecay ?? usual.weightDecay,
      nesterov: settings.nesterov ?? false,
    }),
    learningRate,
    clipNorm: settings.clipNorm,
    rateAt: (position) => warmedUpRate(schedule, learningRate, position, settings.warmUpEpochs ?? 0),
  };
}
