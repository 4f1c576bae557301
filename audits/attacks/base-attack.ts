import { completeSpec, parseChain, spellSpec } from '../contract/configuration.ts';
import { MoatError } from '../contract/errors.ts';
import type { AttackContext, AttackDefinition, MethodSpec, TrainingFacts } from '../contract/method.ts';

/** An attack that another one stands in front of. */
export interface BaseAttack {
  readonly definition: AttackDefinition;
  readonly spec: MethodSpec;
  /** `direct-extraction/loss=cosine`: a configuration as the value of a setting, `/` for its colons. */
  readonly spelling: string;
}

/**
 * Reads the value of a `base` setting.
 * @param bases the attacks that may stand there
 * @throws MoatError `configuration-invalid` naming the choices, or the base's own complaint about its settings
 */
export function readBase(text: string, bases: readonly AttackDefinition[]): BaseAttack {
  const [part, ...more] = parseChain(text.replaceAll('/', ':'));
  const definition = bases.find(({ meta }) => meta.id === part?.id);
  if (part === undefined || definition === undefined || more.length > 0)
    throw new MoatError(
      'configuration-invalid',
      `"${text}" cannot be a base attack; choose ${bases.map(({ meta }) => meta.id).join(' or ')}.`,
    );
  const spec = completeSpec(definition, part.values);
  return { definition, spec, spelling: spellSpec(definition, spec).replaceAll(':', '/') };
}

/**
 * Completes a wrapping attack by what only its base knows: whether it applies at all, what training costs, what images are made.
 * @param baseBudget images that reach the base for a nominal budget
 */
export function onBase(
  definition: AttackDefinition,
  bases: readonly AttackDefinition[],
  baseBudget: (config: Readonly<Record<string, unknown>>, budget: number, accounts: number) => number,
): AttackDefinition {
  const base = (config: Readonly<Record<string, unknown>>): BaseAttack =>
    readBase(String(completeSpec(definition, config).config['base']), bases);
  const total = (
    count: 'trainedImages' | 'madeImages',
    config: Readonly<Record<string, unknown>>,
    facts: TrainingFacts,
  ): number => {
    const { definition: inner, spec } = base(config);
    const innerFacts = { ...facts, budget: baseBudget(config, facts.budget, facts.accounts) };
    return (definition[count]?.(config, facts) ?? 0) + (inner[count]?.(spec.config, innerFacts) ?? 0);
  };
  return Object.freeze<AttackDefinition>({
    ...definition,
    notApplicable(config, facts) {
      const { definition: inner, spec } = base(config);
      return definition.notApplicable?.(config, facts) ?? inner.notApplicable?.(spec.config, facts);
    },
    trainedImages: (config, facts) => total('trainedImages', config, facts),
    madeImages: (config, facts) => total('madeImages', config, facts),
    async run(context: AttackContext, config) {
      const { definition: inner, spec } = base(config);
      return definition.run({ ...context, base: { run: (given) => inner.run(given, spec.config) } }, config);
    },
  });
}
