import type { z } from 'zod';
import { completeSpec } from '../contract/configuration.ts';
import { MoatError } from '../contract/errors.ts';
import type { OwnershipReading, OwnershipTestDefinition } from '../contract/ownership.ts';

/**
 * The careful base of every ownership test: completes the config, refuses what the test cannot be made of, stops when told to,
 * and checks that what comes back is a finite number.
 * `measure` throws only MoatError: `not-applicable`, `cancelled`, `internal` for a test that returns what is no number.
 */
export function defineOwnershipTest<Config extends z.ZodObject>(
  definition: OwnershipTestDefinition<Config>,
): OwnershipTestDefinition {
  const { meta, config: schema } = definition;
  const complete = (config: Readonly<Record<string, unknown>>): z.infer<Config> =>
    completeSpec(definition, config).config as z.infer<Config>;
  const notApplicable: OwnershipTestDefinition['notApplicable'] = (config, victim, suspect) =>
    victim.compared.rows === suspect.compared.rows
      ? definition.notApplicable?.(complete(config), victim, suspect)
      : `${suspect.name} embedded ${suspect.compared.rows} images, ${victim.name} ${victim.compared.rows}.`;

  return Object.freeze<OwnershipTestDefinition>({
    meta: Object.freeze({ ...meta }),
    config: schema,
    runs: Object.freeze(definition.runs.map((run) => Object.freeze({ ...run }))),
    invariantTo: (config) => definition.invariantTo(complete(config)),
    disturbances: (config) => definition.disturbances?.(complete(config)) ?? [],
    notApplicable,
    async measure(context, suspect, config) {
      const settings = complete(config);
      const reason = notApplicable(settings, context.victim, suspect);
      if (reason !== undefined) throw new MoatError('not-applicable', reason);
      if (context.signal.aborted) throw new MoatError('cancelled', `${meta.id} was stopped.`);
      const reading = await definition.measure(context, suspect, settings);
      checkReading(meta.id, reading);
      return reading;
    },
  });
}

function checkReading(id: string, { statistic, n, figures, withinModel }: OwnershipReading): void {
  const samples = [withinModel?.first, withinModel?.second].flatMap((sample) =>
    sample === undefined ? [] : [sample.mean, sample.variance, sample.count],
  );
  const numbers = [statistic, n, ...Object.values(figures), ...samples];
  if (!numbers.every(Number.isFinite))
    throw new MoatError('internal', `${id} returned a figure that is not finite.`);
}
