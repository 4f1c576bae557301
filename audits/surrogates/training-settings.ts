import { completeSpec, parseChain } from '../contract/configuration.ts';
import { MoatError } from '../contract/errors.ts';
import type { SurrogateSettings, TrainingSettings } from '../contract/method.ts';
import { findOptimizer } from '../optimizers/registry.ts';
import { findArchitecture } from './registry.ts';
import { surrogateSettingsSchema, type SurrogateShape } from './training-schema.ts';

/** Settings whose default is one value, whatever the loss: saying it is saying nothing. */
const FIXED_DEFAULTS: TrainingSettings = {
  schedule: 'cosine',
  warmUpEpochs: 0,
  nesterov: false,
  lossBatch: false,
};

/**
 * Reads a surrogate as people type it: `resnet18`, `small-cnn:optimizer=lars:warmUpEpochs=2`,
 * `small-cnn:inputSize=32:epochs=40`, `small-cnn:initialization=own-ssl`.
 * @param usual size, epochs and batch where the text names none
 * @returns `training` and `initialization` are there where something in them differs from the defaults
 * @throws MoatError `configuration-invalid` naming the part and the choices
 */
export function parseSurrogate(text: string, usual: SurrogateShape): SurrogateSettings {
  const [part, ...more] = parseChain(text);
  if (part === undefined || more.length > 0) throw invalid(`"${text}": a surrogate is one network.`);
  const architecture = findArchitecture(part.id).id;
  const schema = { meta: { id: architecture }, config: surrogateSettingsSchema };
  const {
    initialization,
    inputSize = usual.inputSize,
    epochs = usual.epochs,
    batchSize = usual.batchSize,
    ...asked
  } = surrogateSettingsSchema.parse(completeSpec(schema, part.values).config);
  checkTogether(architecture, asked, epochs);
  const training = withoutDefaults(asked);
  return {
    architecture,
    inputSize,
    epochs,
    batchSize,
    ...(Object.keys(training).length === 0 ? {} : { training }),
    ...(initialization === undefined || initialization === 'random' ? {} : { initialization }),
  };
}

/**
 * The one spelling of a surrogate: settings that differ from the defaults, sorted by name.
 * @param usual size, epochs and batch that need not be said
 */
export function spellSurrogate(
  { architecture, training, initialization, ...shape }: SurrogateSettings,
  usual: SurrogateShape,
): string {
  const named = (['inputSize', 'epochs', 'batchSize'] as const).filter((name) => shape[name] !== usual[name]);
  const settings: Readonly<Record<string, unknown>> = {
    ...training,
    initialization,
    ...Object.fromEntries(named.map((name) => [name, shape[name]])),
  };
  const spelled = Object.keys(settings)
    .filter((name) => settings[name] !== undefined)
    .sort()
    .map((name) => `:${name}=${String(settings[name])}`);
  return architecture + spelled.join('');
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
