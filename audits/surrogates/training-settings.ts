import { completeSpec, parseChain } from '../contract/configuration.ts';
import { MoatError } from '../contract/errors.ts';
import type { SurrogateSettings, TrainingSettings } from '../contract/method.ts';
import { findOptimizer } from '../optimizers/registry.ts';
import { findArchitecture } from './registry.ts';
import { trainingSettingsSchema } from './training-schema.ts';

/** Settings whose default is one value, whatever the loss: saying it is saying nothing. */
const FIXED_DEFAULTS: TrainingSettings = { schedule: 'cosine', warmUpEpochs: 0, nesterov: false };

/**
 * Reads a surrogate as people type it: `resnet18`, `small-cnn:optimizer=lars:warmUpEpochs=2`.
 * @returns the architecture, and `training` where something in it differs from the defaults
 * @throws MoatError `configuration-invalid` naming the part and the choices
 */
export function parseSurrogate(
  text: string,
  epochs: number,
): Pick<SurrogateSettings, 'architecture' | 'training'> {
  const [part, ...more] = parseChain(text);
  if (part === undefined || more.length > 0) throw invalid(`"${text}": a surrogate is one network.`);
  const architecture = findArchitecture(part.id).id;
  const schema = { meta: { id: architecture }, config: trainingSettingsSchema };
  const asked: TrainingSettings = trainingSettingsSchema.parse(completeSpec(schema, part.values).config);
  checkTogether(architecture, asked, epochs);
  const training = withoutDefaults(asked);
  return Object.keys(training).length === 0 ? { architecture } : { architecture, training };
}

function checkTogether(
  architecture: string,
  { optimizer, nesterov, warmUpEpochs = 0 }: TrainingSettings,
  epochs: number,
): void {
  if (nesterov === true && (optimizer === undefined || !findOptimizer(optimizer).hasMomentum))
    throw invalid(
      `${architecture}: nesterov needs a momentum; name optimizer=sgd-momentum or optimizer=lars.`,
    );
  if (warmUpEpochs >= epochs)
    throw invalid(`${architecture}: ${warmUpEpochs} warmUpEpochs leave nothing of ${epochs} epochs.`);
}

function withoutDefaults(asked: TrainingSettings): TrainingSettings {
  const defaults: Readonly<Record<string, unknown>> = { ...FIXED_DEFAULTS };
  return Object.fromEntries(
    Object.entries(asked).filter(([name, value]) => value !== undefined && value !== defaults[name]),
  );
}

function invalid(message: string): MoatError {
  return new MoatError('configuration-invalid', message);
}
