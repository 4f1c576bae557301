import { resolveBase } from '../../attacks/resolve.ts';
import type { AttackDefinition, MethodSpec, SurrogateSettings } from '../../contract/method.ts';
import { losses } from '../../losses/registry.ts';
import { architectures } from '../../surrogates/registry.ts';
import { resolveTraining } from '../../surrogates/training-rule.ts';
import type { MethodSetting } from './sheet.ts';

/**
 * How an attack trains its surrogate, every default filled in: what the loss brings along, the architecture's factor, and what
 * was set for the audit. Empty for an attack without one of the registered losses, whose settings say it themselves.
 */
export function trainingSettings(
  attack: AttackDefinition,
  spec: MethodSpec,
  surrogate: SurrogateSettings,
): readonly MethodSetting[] {
  if (attack.meta.training !== 'network') return [];
  const trained = spec.config['loss'] === undefined ? (resolveBase(spec)?.spec ?? spec) : spec;
  const lossId = trained.config['loss'];
  const loss = losses.find(({ id }) => id === lossId);
  const architecture = architectures.find(({ id }) => id === surrogate.architecture);
  if (loss === undefined || architecture === undefined) return [];
  const asked = surrogate.training ?? {};
  // As in surrogates/fit.ts; a query budget below the batch makes it smaller still.
  const batchSize =
    asked.lossBatch === true ? Math.min(surrogate.batchSize, loss.defaults.batchSize) : surrogate.batchSize;
  const { learningRateFactor } = architecture;
  const rule = resolveTraining(loss.defaults, asked, { batchSize, learningRateFactor });
  const values = {
    loss: loss.id,
    ...Object.fromEntries(
      Object.entries(loss.options ?? {}).map(([name, value]) => [name, trained.config[name] ?? value]),
    ),
    epochs: surrogate.epochs,
    batchSize,
    inputSize: surrogate.inputSize,
    initialization: surrogate.initialization ?? 'random',
    ...rule,
    clipNorm: rule.clipNorm ?? 'none',
  };
  const chosen = new Set<string>([
    'epochs',
    'inputSize',
    ...Object.keys(asked),
    ...Object.keys(loss.options ?? {}).filter((name) => trained.config[name] !== undefined),
  ]);
  return Object.entries(values).map(([name, value]) => ({ name, value, isDefault: !chosen.has(name) }));
}
