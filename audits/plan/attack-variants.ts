import type { AuditConfig } from '../contract/audit.ts';
import type { AttackDefinition, MethodSpec, SurrogateSettings } from '../contract/method.ts';
import { findAttack } from '../attacks/registry.ts';
import { spellAttack } from '../attacks/resolve.ts';
import { defaultQueryPolicy } from '../query-policies/registry.ts';
import { spellSurrogate } from '../surrogates/training-settings.ts';

/** One attack of the battery as one thief plays it: the network they train and the images they send first. */
export interface AttackVariant {
  readonly surrogate: SurrogateSettings;
  /** Added to the attack's spelling; null for the audit's first surrogate. */
  readonly surrogateLabel: string | null;
  readonly queryPolicy: string;
}

/** An audit in which an attack that trains trains anything. */
const SOME_AUDIT = { budget: 1000, accounts: 2, poolImages: 1000 };
/** Settings by which an attack takes the public encoder itself instead of a network of its own. */
const TAKES_BACKBONE = 'backbone';

/** All ways in which an attack of the battery is played against a defense: surrogates x query policies. */
export function attackVariants(
  config: AuditConfig,
  attack: AttackDefinition,
  spec: MethodSpec,
  chain: readonly MethodSpec[],
): readonly AttackVariant[] {
  const policies = config.queryPolicies ?? [defaultQueryPolicy.meta.id];
  const trains = trainsNetwork(attack, spec, config.surrogate);
  const isFirst = chain.length === 0 && trains && spec === firstTrainingAttack(config);
  const surrogates = thieves(config).filter(
    ({ extent }, at) => at === 0 || (trains && (extent === 'battery' || isFirst)),
  );
  return surrogates.flatMap(({ settings, label, extent }) =>
    // A network that only shows whether another would steal more does so with the first policy.
    (extent === 'battery' ? policies : policies.slice(0, 1)).map((queryPolicy) => ({
      surrogate: settings,
      surrogateLabel: label,
      queryPolicy,
    })),
  );
}

/**
 * A control asks nothing, so no policy applies; one that depends on the network is made for each of them, since every
 * attacker is measured against the best that their class could have had.
 */
export function controlVariants(
  config: AuditConfig,
  attack: AttackDefinition,
  spec: MethodSpec,
): readonly AttackVariant[] {
  const hasNetwork =
    trainsNetwork(attack, spec, config.surrogate) || !Object.values(spec.config).includes(TAKES_BACKBONE);
  const seen = new Set<string>();
  return thieves(config)
    .map(({ settings, label }) => {
      // A control brings its own beginning: it is the control of every surrogate of the same network.
      const { initialization: _, ...surrogate } = settings;
      const text = label === null ? null : spellSurrogate(surrogate, config.surrogate);
      return { surrogate, surrogateLabel: text, queryPolicy: defaultQueryPolicy.meta.id };
    })
    .filter(({ surrogate }, at) => {
      const key = JSON.stringify(surrogate);
      if (seen.has(key) || (at > 0 && !hasNetwork)) return false;
      seen.add(key);
      return true;
    });
}

/** `direct-extraction:loss=cosine [resnet18, k-center]`: what differs from the audit's first choice in brackets. */
export function spellVariant(spec: MethodSpec, { surrogateLabel, queryPolicy }: AttackVariant): string {
  const parts = [
    ...(surrogateLabel === null ? [] : [surrogateLabel]),
    ...(queryPolicy === defaultQueryPolicy.meta.id ? [] : [queryPolicy]),
  ];
  return parts.length === 0 ? spellAttack(spec) : `${spellAttack(spec)} [${parts.join(', ')}]`;
}

/** The network and its beginning, for every thief of the audit; the first one plays everything. */
function thieves(config: AuditConfig): readonly {
  readonly settings: SurrogateSettings;
  readonly label: string | null;
  readonly extent: 'battery' | 'first-attack';
}[] {
  const { surrogate: first, furtherSurrogates = [] } = config;
  return [
    { settings: first, label: null, extent: 'battery' },
    ...furtherSurrogates.map(({ settings, extent }) => ({
      settings,
      label: spellSurrogate(settings, first),
      extent,
    })),
  ];
}

/** Does the attack train a network of the thief's choice? A closed form, or a base that is one, does not. */
export function trainsNetwork(
  attack: AttackDefinition,
  spec: MethodSpec,
  surrogate: SurrogateSettings,
): boolean {
  return (attack.trainedImages?.(spec.config, { ...SOME_AUDIT, surrogate }) ?? 0) > 0;
}

function firstTrainingAttack(config: AuditConfig): MethodSpec | undefined {
  return config.attacks.find((spec) => {
    const attack = findAttack(spec.id);
    return (
      attack !== undefined && attack.meta.control !== true && trainsNetwork(attack, spec, config.surrogate)
    );
  });
}
