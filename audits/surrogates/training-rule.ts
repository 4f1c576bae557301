import type { OptimizerId, ScheduleId, TrainingSettings } from '../contract/method.ts';
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

/** The same as values, for whoever writes down how a surrogate was trained. */
export interface ResolvedTraining {
  readonly optimizer: OptimizerId;
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly nesterov: boolean;
  readonly schedule: ScheduleId;
  readonly warmUpEpochs: number;
  /** Undefined: no limit. */
  readonly clipNorm: number | undefined;
}

/**
 * Joins what a loss brings along with what was set for the audit. An optimizer that takes the place of the loss's own
 * is used with its own usual rate and decay: a rate found for Adam says nothing about LARS.
 * @param learningRateFactor the architecture's, for the loss's own rate
 */
export function resolveTraining(
  loss: Pick<LossDefaults, 'optimizer' | 'learningRate' | 'weightDecay'>,
  settings: TrainingSettings,
  network: { readonly batchSize: number; readonly learningRateFactor: number },
): ResolvedTraining {
  const definition = findOptimizer(settings.optimizer ?? loss.optimizer);
  const usual =
    definition.id === loss.optimizer
      ? {
          learningRate: loss.learningRate * network.learningRateFactor,
          weightDecay: loss.weightDecay,
        }
      : definition.usual(network.batchSize);
  return {
    optimizer: definition.id,
    learningRate: settings.learningRate ?? usual.learningRate,
    weightDecay: settings.weightDecay ?? usual.weightDecay,
    nesterov: settings.nesterov ?? false,
    schedule: settings.schedule ?? 'cosine',
    warmUpEpochs: settings.warmUpEpochs ?? 0,
    clipNorm: settings.clipNorm,
  };
}

/** The rule of one training; arguments as for `resolveTraining`. */
export function trainingRule(...choices: Parameters<typeof resolveTraining>): TrainingRule {
  const { optimizer, learningRate, weightDecay, nesterov, warmUpEpochs, clipNorm, ...resolved } =
    resolveTraining(...choices);
  const schedule = findSchedule(resolved.schedule);
  return {
    optimizer: findOptimizer(optimizer).create({ weightDecay, nesterov }),
    learningRate,
    clipNorm,
    rateAt: (position) => warmedUpRate(schedule, learningRate, position, warmUpEpochs),
  };
}
