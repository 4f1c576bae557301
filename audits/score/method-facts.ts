import type { MethodSpec } from '../contract/method.ts';
import { findAttack } from '../attacks/registry.ts';
import { chainMustFace } from '../defenses/chain.ts';
import { findDefense } from '../defenses/registry.ts';

/** What judging has to know about methods beyond their measurements. */
export interface MethodFacts {
  /** A no-victim control: a candidate for A0, never an attack. */
  isControl(attack: MethodSpec): boolean;
  /** The attacker holds a public encoder. */
  usesBackbone(attack: MethodSpec): boolean;
  /** Attack ids without which the chain cannot pass. */
  mustFace(defense: readonly MethodSpec[]): readonly string[];
  /** Replies depend on the account or on what came before: several accounts make a difference. */
  isStateful(defense: readonly MethodSpec[]): boolean;
}

/** A setting that is `backbone`, or a base attack spelled with one: `backbone-stitching/features=backbone`. */
const HOLDS_BACKBONE = /(^|=)backbone($|\/)/;

/** The facts of the methods that ship. */
export const registeredFacts: MethodFacts = {
  isControl: ({ id }) => findAttack(id)?.meta.control === true,
  usesBackbone: ({ id, config }) =>
    findAttack(id)?.meta.requires.includes('backbone') === true ||
    Object.values(config).some((value) => typeof value === 'string' && HOLDS_BACKBONE.test(value)),
  mustFace: chainMustFace,
  isStateful: (defense) => defense.some(({ id }) => findDefense(id)?.meta.stateful === true),
};
