import type { z } from 'zod';
import { completeSpec } from '../contract/configuration.ts';
import { MoatError } from '../contract/errors.ts';
import type {
  AttackContext,
  AttackDefinition,
  AttackMeta,
  AttackOutcome,
  Oracle,
  SurrogateModel,
} from '../contract/method.ts';

/** Progress closer together than this share of an attack is not worth a message between processes. */
const PROGRESS_STEP = 0.01;

/**
 * The careful base of every attack: completes the config, checks that what it requires is there, meters progress,
 * stops it at the next query once cancelled, and checks what it brings home.
 * `run` throws only MoatError: `not-applicable` without a required backbone, `cancelled`, `budget-exhausted`,
 * `training-diverged` for a surrogate or a figure that is not finite, `internal` for an attack that hands back
 * something which is no fresh surrogate of its own.
 */
export function defineAttack<Config extends z.ZodObject>(
  definition: AttackDefinition<Config>,
): AttackDefinition {
  const { meta, config: schema } = definition;
  // Weight arrays of earlier runs: a surrogate is started afresh for every (budget, seed), never continued.
  const seen = new WeakSet<object>();
  const complete = (config: Readonly<Record<string, unknown>>): z.infer<Config> =>
    completeSpec(definition, config).config as z.infer<Config>;

  return Object.freeze<AttackDefinition>({
    meta: Object.freeze({ ...meta, requires: Object.freeze([...meta.requires]) }),
    config: schema,
    queryAllowance(config, budget) {
      const rows = definition.queryAllowance?.(complete(config), budget) ?? budget;
      if (!Number.isInteger(rows) || rows < 0) throw new RangeError(`${meta.id} asks for ${rows} rows`);
      return rows;
    },
    notApplicable(config, facts) {
      if (meta.requires.includes('backbone') && !facts.hasBackbone) return missingBackbone(meta.id);
      return definition.notApplicable?.(complete(config), facts);
    },
    trainedImages: (config, facts) => definition.trainedImages?.(complete(config), facts) ?? 0,
    madeImages: (config, facts) => definition.madeImages?.(complete(config), facts) ?? 0,
    async run(context, config) {
      const settings = complete(config);
      requireWhatItNeeds(definition, context);
      const guarded: AttackContext = {
        ...context,
        oracle: cancellable(context.oracle, context.signal),
        progress: throttled(context.progress.bind(context)),
      };
      try {
        throwIfCancelled(context.signal);
        const outcome = await definition.run(guarded, settings);
        checkOutcome(meta, outcome, seen);
        return outcome;
      } catch (thrown) {
        throw asMoatError(thrown, context.signal);
      }
    },
  });
}

/** @throws MoatError `cancelled` */
export function throwIfCancelled(signal: AbortSignal): void {
  if (signal.aborted) throw new MoatError('cancelled', 'The audit was cancelled.');
}

export function missingBackbone(id: string): string {
  return `${id} needs a public encoder, and this audit names none (--backbone).`;
}

function requireWhatItNeeds(definition: Pick<AttackDefinition, 'meta'>, context: AttackContext): void {
  const { id, requires } = definition.meta;
  if (requires.includes('backbone') && context.backbone === undefined)
    throw new MoatError('not-applicable', missingBackbone(id));
  if (requires.includes('base-attack') && context.base === undefined)
    throw new MoatError('internal', `${id} was started without the attack it stands in front of.`);
}

function cancellable(oracle: Oracle, signal: AbortSignal): Oracle {
  return {
    dimension: oracle.dimension,
    accounts: oracle.accounts,
    remaining: () => oracle.remaining(),
    isOpen: (account) => oracle.isOpen(account),
    async query(images, account) {
      throwIfCancelled(signal);
      return oracle.query(images, account);
    },
  };
}

/** Passes on a new stage, the end, and steps of a hundredth; never goes backwards. */
function throttled(report: AttackContext['progress']): AttackContext['progress'] {
  let told = 0;
  let toldStage: string | undefined;
  return (fraction, stage) => {
    const reached = Math.min(1, Math.max(told, fraction));
    const ended = reached === 1 && told < 1;
    if (stage === toldStage && reached - told < PROGRESS_STEP && !ended) return;
    told = reached;
    toldStage = stage;
    report(reached, stage);
  };
}

function checkOutcome({ id, control }: AttackMeta, outcome: AttackOutcome, seen: WeakSet<object>): void {
  for (const [name, value] of Object.entries(outcome.diagnostics))
    if (!Number.isFinite(value))
      throw new MoatError('training-diverged', `${id} ended with ${name} = ${value}.`);
  const parts = weightArrays(outcome.surrogate);
  if (parts.length === 0 && outcome.surrogate.kind !== 'backbone')
    throw new MoatError('internal', `${id} returned a surrogate without weights.`);
  // A public encoder as it is has taken nothing from the victim: only a control may answer with it.
  if (outcome.surrogate.kind === 'backbone' && control !== true)
    throw new MoatError('internal', `${id} returned the public encoder instead of a surrogate.`);
  for (const [name, data] of parts) {
    if (seen.has(data)) throw new MoatError('internal', `${id} returned the surrogate of an earlier run.`);
    seen.add(data);
    if (!data.every(Number.isFinite))
      throw new MoatError('training-diverged', `${id} returned weights that are not finite (${name}).`);
  }
}

/** Every array a surrogate is made of, by name. */
function weightArrays(model: SurrogateModel): readonly (readonly [string, Float32Array])[] {
  if (model.kind === 'backbone') return [];
  if (model.kind === 'network')
    return Object.entries(model.weights).map(([name, { data }]) => [name, data] as const);
  return [['weights', model.weights.data], ['bias', model.bias], ...weightArrays(model.features)];
}

function asMoatError(thrown: unknown, signal: AbortSignal): MoatError {
  const isAbort = thrown instanceof Error && thrown.name === 'AbortError';
  if (isAbort && signal.aborted)
    return new MoatError('cancelled', 'The audit was cancelled.', { cause: thrown });
  return MoatError.from(thrown);
}
