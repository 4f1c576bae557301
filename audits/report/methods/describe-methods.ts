import { attackRegistry } from '../../attacks/registry.ts';
import { spellAttack } from '../../attacks/resolve.ts';
import type { spellSpec } from '../../contract/configuration.ts';
import type { MethodMeta, MethodSpec } from '../../contract/method.ts';
import type { AuditResult } from '../../contract/result.ts';
import { spellChain } from '../../defenses/chain.ts';
import { defenseRegistry } from '../../defenses/registry.ts';
import { encoderMetrics, fidelityMetrics, honestFidelityMetrics } from '../../metrics/registry.ts';
import { defaultQueryPolicy, queryPolicies } from '../../query-policies/registry.ts';
import { architectures } from '../../surrogates/registry.ts';
import { spellSurrogate } from '../../surrogates/training-settings.ts';
import { derivedQuantities, metricFormulas, type DerivedQuantity } from './formulas.ts';
import type { MethodSetting, MethodSheet, MetricSheet, TrainingSheet } from './sheet.ts';
import { trainingSettings } from './training.ts';

/** Everything an audit did, as a researcher would have to know it to do the same. */
export interface MethodSheets {
  readonly attacks: readonly MethodSheet[];
  /** One sheet for each part of each audited configuration; the empty defense has one too. */
  readonly defenses: readonly MethodSheet[];
  readonly queryPolicies: readonly MethodSheet[];
  readonly trainings: readonly TrainingSheet[];
  readonly metrics: readonly MetricSheet[];
  readonly derived: readonly DerivedQuantity[];
}

interface KnownMethod {
  readonly meta: MethodMeta & {
    readonly knowledge?: string;
    readonly mechanism?: string;
    readonly mustFace?: readonly string[];
  };
  readonly config: Parameters<typeof spellSpec>[0]['config'];
}

/**
 * The methods of an audit's configuration with every hyper-parameter. A method of the user's own that is not loaded has a
 * sheet with its settings alone.
 */
export function describeMethods({ config }: Pick<AuditResult, 'config'>): MethodSheets {
  const surrogates = [config.surrogate, ...(config.furtherSurrogates ?? []).map(({ settings }) => settings)];
  return {
    attacks: config.attacks.map((spec) =>
      sheet(spec, attackRegistry.find(spec.id), (known) => spellAttack(known)),
    ),
    defenses: eachOnce(
      config.defenses.flatMap((chain) =>
        (chain.length === 0 ? [{ id: 'none', config: {} }] : chain).map((spec) => {
          const definition = defenseRegistry.find(spec.id);
          const own = sheet(spec, definition, (known) => spellChain([known]));
          return { ...own, mustFace: definition?.mustFace?.(completed(spec, definition)) ?? own.mustFace };
        }),
      ),
    ),
    queryPolicies: (config.queryPolicies ?? [defaultQueryPolicy.meta.id]).flatMap((id) => {
      const policy = queryPolicies.find(({ meta }) => meta.id === id);
      return policy === undefined ? [] : [policySheet(policy.meta)];
    }),
    trainings: config.attacks.flatMap((spec) => trainingSheets(spec, surrogates)),
    metrics: [...encoderMetrics, ...fidelityMetrics, ...honestFidelityMetrics].map(({ meta }) => ({
      id: meta.id,
      title: meta.title,
      summary: meta.summary,
      unit: meta.unit,
      higherIs: meta.higherIs,
      formula: metricFormulas[meta.id] ?? null,
      version: meta.version,
      reference: meta.reference,
    })),
    derived: derivedQuantities,
  };
}

/** A defense that stands alone and in a stack too is described once. */
function eachOnce(sheets: readonly MethodSheet[]): readonly MethodSheet[] {
  return [...new Map(sheets.map((entry) => [entry.label, entry])).values()];
}

function trainingSheets(
  spec: MethodSpec,
  surrogates: readonly AuditResult['config']['surrogate'][],
): readonly TrainingSheet[] {
  const attack = attackRegistry.find(spec.id);
  if (attack === undefined) return [];
  return surrogates.flatMap((surrogate) => {
    const settings = trainingSettings(attack, spec, surrogate);
    const architecture = architectures.find(({ id }) => id === surrogate.architecture);
    return settings.length === 0 || architecture === undefined
      ? []
      : [
          {
            surrogate: spellSurrogate(surrogate, surrogates[0] ?? surrogate),
            architecture: architecture.id,
            summary: architecture.summary,
            attack: spellAttack(spec),
            settings,
          },
        ];
  });
}

function sheet(
  spec: MethodSpec,
  definition: KnownMethod | undefined,
  spell: (spec: MethodSpec) => string,
): MethodSheet {
  if (definition === undefined)
    return {
      id: spec.id,
      label: spec.id,
      title: spec.id,
      summary: 'A method of the user’s own, which was not loaded for this report.',
      version: null,
      reference: null,
      settings: Object.entries(spec.config).map(([name, value]) => ({ name, value, isDefault: false })),
      knowledge: null,
      mechanism: null,
      mustFace: [],
    };
  const { meta } = definition;
  return {
    id: meta.id,
    label: spell(spec),
    title: meta.title,
    summary: meta.summary,
    version: meta.version,
    reference: meta.reference,
    settings: settingsOf(spec, definition),
    knowledge: meta.knowledge ?? null,
    mechanism: meta.mechanism ?? null,
    mustFace: meta.mustFace ?? [],
  };
}

/** What an older build stored lacks the settings that came later: they are filled in as they held then. */
function completed(spec: MethodSpec, { config }: KnownMethod): Readonly<Record<string, unknown>> {
  return { ...config.safeParse(spec.config).data, ...spec.config };
}

function settingsOf(spec: MethodSpec, definition: KnownMethod): readonly MethodSetting[] {
  const defaults: Readonly<Record<string, unknown>> = definition.config.safeParse({}).data ?? {};
  const values = completed(spec, definition);
  // One that may be left out and was is named too: a reader must not wonder whether it is there.
  const names = [...new Set([...Object.keys(definition.config.shape), ...Object.keys(values)])];
  return names.map((name) => ({
    name,
    value: values[name] ?? null,
    isDefault: values[name] === defaults[name],
  }));
}

function policySheet(meta: MethodMeta): MethodSheet {
  return {
    id: meta.id,
    label: meta.id,
    title: meta.title,
    summary: meta.summary,
    version: meta.version,
    reference: meta.reference,
    settings: [],
    knowledge: null,
    mechanism: null,
    mustFace: [],
  };
}
