import path from 'node:path';
import type { AuditConfig } from '../contract/audit.ts';
import type { AuditInputs, Cell, CellState, CellWork } from '../contract/cell.ts';
import type { AttackDefinition, AuditFacts, MethodSpec } from '../contract/method.ts';
import { findAttack } from '../attacks/registry.ts';
import { completeAttack, spellAttack } from '../attacks/resolve.ts';
import { chainDetects, chainMustFace, chainRecordings, spellChain, versionChain } from '../defenses/chain.ts';
import { defenses, findDefense } from '../defenses/registry.ts';
import { backboneStart } from '../surrogates/training-schema.ts';
import { attackVariants, controlVariants, spellVariant } from './attack-variants.ts';
import { attackWork } from './attack-work.ts';
import { estimateMs, victimCost, type VictimCost } from './cost.ts';
import { cellKey } from './key.ts';
import { ownershipWork } from './ownership-inputs.ts';
import { byInformation } from './time-limit.ts';
import { withinVictimSize } from './victim-size.ts';

/** Raised whenever detection cells come to other numbers: part of their keys. */
const STREAMS_VERSION = 2;

export interface PlannedCell extends Cell {
  readonly state: CellState;
  readonly reason: string | null;
}

/**
 * The battery as cells, cheapest information first: the victim, the controls, then for every seed all budgets of all
 * pairs, so that a run cut short still has one whole seed. Pairs that make no sense stay in the list with their reason.
 * @param victim how fast it embeds
 */
export function planCells(
  asked: AuditConfig,
  inputs: AuditInputs,
  victim: VictimCost = victimCost(asked, undefined),
): readonly PlannedCell[] {
  const planned: PlannedCell[] = [];
  const config = fitToVictim(asked, inputs);
  const add = (
    work: CellWork,
    attackLabel: string | null,
    defenseLabel: string | null,
    reason?: string,
  ): void => {
    planned.push({
      key: cellKey(inputs, work, config.seed),
      work,
      attackLabel,
      defenseLabel,
      estimatedMs: reason === undefined ? estimateMs(work, inputs, victim) : 0,
      state: reason === undefined ? 'pending' : 'not-applicable',
      reason: reason ?? null,
    });
  };
  const tested = ownershipWork(inputs);
  add({ kind: 'victim', seed: 0, ...tested }, null, null);
  if (tested.ownership !== undefined)
    for (const { file, identity } of inputs.ownership?.independent ?? [])
      add(
        { kind: 'independent', encoder: identity, seed: 0, ownership: tested.ownership },
        path.basename(file),
        null,
      );
  for (let seed = 0; seed < config.seeds; seed++) {
    for (const spec of controlsOf(config)) {
      const attack = definition(spec);
      for (const variant of controlVariants(config, attack, spec))
        add(
          attackWork(config, attack, spec, [], { budget: 0, accounts: 1, seed, variant, ...tested }),
          spellVariant(spec, variant),
          'none',
          attack.notApplicable?.(spec.config, facts(config, inputs, [], 1)),
        );
    }
    for (const chain of config.defenses) {
      if (chain.length > 0)
        add({ kind: 'honest', defense: versionChain(chain), seed }, null, spellChain(chain));
      if (chainDetects(chain))
        add(
          { kind: 'detection', defense: versionChain(chain), seed, streams: STREAMS_VERSION },
          null,
          spellChain(chain),
        );
      for (const spec of attacksOn(config, inputs, chain)) {
        const attack = definition(spec);
        for (const budget of config.budgets)
          for (const accounts of accountsOn(config, chain))
            for (const variant of attackVariants(config, attack, spec, chain))
              add(
                attackWork(config, attack, spec, chain, { budget, accounts, seed, variant, ...tested }),
                spellVariant(spec, variant),
                spellChain(chain),
                onRecording(spec, chain) ??
                  attack.notApplicable?.(spec.config, {
                    ...facts(config, inputs, chain, accounts),
                    surrogate: variant.surrogate,
                  }),
              );
      }
    }
  }
  const cells = unique(planned);
  return config.timeLimitMs === undefined ? cells : byInformation(cells, config);
}

/** The battery's controls, and what thieves begin with (their own SSL, a backbone): what they had before they asked. */
function controlsOf(config: AuditConfig): readonly MethodSpec[] {
  const controls = config.attacks.filter((spec) => definition(spec).meta.control === true);
  const begun = [config.surrogate, ...(config.furtherSurrogates ?? []).map(({ settings }) => settings)];
  const variants = [
    ...(begun.some(({ initialization }) => initialization === 'own-ssl') ? ['own-ssl'] : []),
    ...(begun.some((surrogate) => backboneStart(surrogate) !== undefined) ? ['backbone'] : []),
  ];
  const listed = new Set(controls.map(spellAttack));
  const missing = variants
    .map((variant) => completeAttack({ id: 'no-victim', config: { variant } }))
    .filter((spec) => !listed.has(spellAttack(spec)));
  return [...controls, ...missing];
}

/** The battery's attacks, and unless it is whole as listed each adaptive attack that this defense must face besides. */
function attacksOn(
  config: AuditConfig,
  inputs: AuditInputs,
  chain: readonly MethodSpec[],
): readonly MethodSpec[] {
  const battery = config.attacks.filter(
    (spec) =>
      definition(spec).meta.control !== true &&
      (config.attackExtent !== 'where-faced' || isMeantFor(spec, config, inputs, chain)),
  );
  if (config.attackExtent === 'listed') return battery;
  const missing = chainMustFace(chain).filter((id) => !battery.some((spec) => spec.id === id));
  const added = missing.flatMap((id) => {
    const attack = findAttack(id);
    return attack === undefined ? [] : [{ id, config: attack.config.parse({}) }];
  });
  return [...battery, ...added];
}

/** Whether a preset's attack is played against this defense. */
function isMeantFor(
  { id, config: settings }: MethodSpec,
  config: AuditConfig,
  inputs: AuditInputs,
  chain: readonly MethodSpec[],
): boolean {
  if (chainMustFace(chain).includes(id)) return true;
  if (adaptiveAttacks.has(id)) return false;
  // An attack on bare services (stolen labels) is none on this one, and no gap of it either.
  const whyNot = (defense: readonly MethodSpec[]): string | undefined =>
    findAttack(id)?.notApplicable?.(settings, facts(config, inputs, defense, Math.max(...config.accounts)));
  return whyNot(chain) === undefined || whyNot([]) !== undefined;
}

/** Replies that depend on nothing but the image are the same to one account as to five. */
function accountsOn(config: AuditConfig, chain: readonly MethodSpec[]): readonly number[] {
  const isStateless = chain.length > 0 && chain.every(({ id }) => findDefense(id)?.meta.stateful === false);
  return config.attackExtent === 'where-faced' && isStateless ? config.accounts.slice(0, 1) : config.accounts;
}

/** The audit's surrogates as this victim allows them. */
function fitToVictim(asked: AuditConfig, { preprocessing }: AuditInputs): AuditConfig {
  const surrogate = withinVictimSize(asked.surrogate, preprocessing);
  const seen = new Set([JSON.stringify(surrogate)]);
  // Two that differed in pixels beyond the victim's are one.
  const further = asked.furtherSurrogates
    ?.map(({ settings, extent }) => ({ settings: withinVictimSize(settings, preprocessing), extent }))
    .filter(({ settings }) => {
      const text = JSON.stringify(settings);
      return !seen.has(text) && seen.add(text);
    });
  return { ...asked, surrogate, ...(further === undefined ? {} : { furtherSurrogates: further }) };
}

/** Asked for by single settings of a defense (an offset), so that no `meta.mustFace` names it. */
const FACED_BY_SETTINGS = ['affine-removal'];
/** Attacks that some defense must face beyond what an undefended service must: made for a defense. */
export const adaptiveAttacks: ReadonlySet<string> = new Set([
  ...defenses.flatMap(({ meta }) => meta.mustFace).filter((id) => !chainMustFace([]).includes(id)),
  ...FACED_BY_SETTINGS,
]);

/** A recording answers what was recorded, and nothing that an adaptive attack would ask. */
function onRecording({ id }: MethodSpec, chain: readonly MethodSpec[]): string | undefined {
  return chainRecordings(chain).length > 0 && adaptiveAttacks.has(id)
    ? 'recorded replies cannot be attacked adaptively'
    : undefined;
}

function facts(
  config: AuditConfig,
  inputs: AuditInputs,
  chain: readonly MethodSpec[],
  accounts: number,
): AuditFacts {
  return {
    hasBackbone: config.backbone !== null,
    hasProjection: inputs.projection !== undefined,
    hasPoolLabels: inputs.poolClasses !== undefined,
    accounts,
    defense: chain,
  };
}

function definition(spec: MethodSpec): AttackDefinition {
  const attack = findAttack(spec.id);
  if (attack === undefined)
    throw new RangeError(`attack ${spec.id} is in a configuration but not in the registry`);
  return attack;
}

function unique(cells: readonly PlannedCell[]): readonly PlannedCell[] {
  return [...new Map(cells.map((cell) => [cell.key, cell])).values()];
}
