import type { AuditFacts, MethodSpec, SurrogateSettings, TrainingFacts } from '../contract/method.ts';
import { findAttack } from '../attacks/registry.ts';
import { chainMustFace } from '../defenses/chain.ts';
import { findDefense } from '../defenses/registry.ts';
import { trainsNetwork } from '../plan/attack-variants.ts';
import { backboneStart } from '../surrogates/training-schema.ts';

/** What judging has to know about methods beyond their measurements. */
export interface MethodFacts {
  /** A no-victim control: a candidate for A0, never an attack. */
  isControl(attack: MethodSpec): boolean;
  /** A control that is a network as it was drawn: it has learnt nothing from anybody. */
  isUntrained(attack: MethodSpec): boolean;
  /** The attacker holds a public encoder: the attack needs one, or what it trains stands on one. */
  usesBackbone(attack: MethodSpec, surrogate: SurrogateSettings): boolean;
  /** Attack ids without which the chain cannot pass. */
  mustFace(defense: readonly MethodSpec[]): readonly string[];
  /** Replies depend on the account or on what came before: several accounts make a difference. */
  isStateful(defense: readonly MethodSpec[]): boolean;
  /** Fits a linear map to frozen features: a linear probe on it only reads those features. */
  isLinearOnFeatures(attack: MethodSpec, surrogate: SurrogateSettings): boolean;
  /** Works only with labelled queries. */
  needsLabels(attack: MethodSpec): boolean;
  /** Whether an attacker with everything but more accounts than these can play the attack against the defense at all. */
  canFace(attack: MethodSpec, defense: readonly MethodSpec[], accounts: number): boolean;
  /** Gives up utility on purpose, so that it may steal less than a plain attack. @param id of an attack */
  launders(id: string): boolean;
  /** A recorded table of replies, which nobody can attack adaptively: it never passes. */
  isRecorded(defense: readonly MethodSpec[]): boolean;
}

/** The defense whose replies were recorded elsewhere. */
const RECORDED = 'external';
/** An audit in which every attack can run. */
const everything: AuditFacts = {
  hasBackbone: true,
  hasProjection: true,
  hasPoolLabels: true,
  accounts: 2,
  defense: [],
};

const someTraining: TrainingFacts = {
  budget: 1,
  accounts: 1,
  poolImages: 1,
  surrogate: { architecture: 'small-cnn', inputSize: 32, epochs: 1, batchSize: 1 },
};

/** A setting that is `backbone`, or a base attack spelled with one: `backbone-stitching/features=backbone`. */
const HOLDS_BACKBONE = /(^|=)backbone($|\/)/;

/** The facts of the methods that ship. */
export const registeredFacts: MethodFacts = {
  isControl: ({ id }) => findAttack(id)?.meta.control === true,
  isUntrained: ({ id, config }) => {
    const attack = findAttack(id);
    return (
      attack?.meta.control === true &&
      (attack.trainedImages?.(config, someTraining) ?? 0) === 0 &&
      attack.notApplicable?.(config, { ...everything, hasBackbone: false }) === undefined
    );
  },
  usesBackbone: (attack, surrogate) =>
    findAttack(attack.id)?.meta.requires.includes('backbone') === true ||
    Object.values(attack.config).some((value) => typeof value === 'string' && HOLDS_BACKBONE.test(value)) ||
    startOf(attack, surrogate) !== undefined,
  mustFace: chainMustFace,
  isStateful: (defense) => defense.some(({ id }) => findDefense(id)?.meta.stateful === true),
  isLinearOnFeatures: (attack, surrogate) =>
    [attack.id, baseOf(attack.config)].some((name) => findAttack(name)?.meta.training === 'closed-form') ||
    startOf(attack, surrogate) === 'backbone-frozen',
  // Whether labels are needed is what the definition itself says of an audit that has everything else.
  needsLabels: ({ id, config }) =>
    findAttack(id)?.notApplicable?.(config, { ...everything, hasPoolLabels: false }) !==
    findAttack(id)?.notApplicable?.(config, everything),
  canFace: ({ id, config }, defense, accounts) =>
    findAttack(id)?.notApplicable?.(config, { ...everything, accounts, defense }) === undefined,
  launders: (id) => findAttack(id)?.meta.launders === true,
  isRecorded: (defense) => defense.some(({ id }) => id === RECORDED),
};

/** What an attack trains on a backbone's features; nothing for one that trains no network of the thief's choice. */
function startOf(spec: MethodSpec, surrogate: SurrogateSettings): ReturnType<typeof backboneStart> {
  const attack = findAttack(spec.id);
  const isTrained = attack !== undefined && trainsNetwork(attack, spec, surrogate);
  return isTrained ? backboneStart(surrogate) : undefined;
}

/** The attack that a wrapper runs: `backbone-stitching` of `base=backbone-stitching/features=backbone`. */
function baseOf({ base }: MethodSpec['config']): string {
  return typeof base === 'string' ? (base.split('/')[0] ?? '') : '';
}
