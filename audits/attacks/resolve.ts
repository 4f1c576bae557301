import { completeSpec, parseChain, spellSpec } from '../contract/configuration.ts';
import { MoatError } from '../contract/errors.ts';
import type { AttackDefinition, MethodSpec } from '../contract/method.ts';
import { type BaseAttack, readBase } from './base-attack.ts';
import { attackRegistry, baseAttacks, findAttack } from './registry.ts';

/**
 * Reads `direct-extraction:loss=cosine` or `repeat-averaging:base=direct-extraction/loss=cosine`.
 * @throws MoatError `method-unknown` or `configuration-invalid`, naming the part and the choices
 */
export function parseAttack(text: string): MethodSpec {
  const [part, ...more] = parseChain(text);
  if (part === undefined || more.length > 0)
    throw new MoatError(
      'configuration-invalid',
      `"${text}": attacks run one at a time; "+" composes defenses.`,
    );
  return completeAttack({ id: part.id, config: part.values });
}

/** Fills in every default; a `base` is checked too and takes its one spelling. Throws as `parseAttack` does. */
export function completeAttack({ id, config }: MethodSpec): MethodSpec {
  const attack = knownAttack(id);
  const spec = completeSpec(attack, config);
  const base = resolveBase(spec);
  return base === undefined ? spec : { id, config: { ...spec.config, base: base.spelling } };
}

/** The canonical spelling: defaults left out, settings sorted. */
export function spellAttack(spec: MethodSpec): string {
  return spellSpec(knownAttack(spec.id), completeAttack(spec));
}

/** The attack behind a denoiser; undefined for an attack that stands alone. */
export function resolveBase(spec: MethodSpec): BaseAttack | undefined {
  if (!knownAttack(spec.id).meta.requires.includes('base-attack')) return undefined;
  return readBase(String(spec.config['base']), baseAttacks);
}

function knownAttack(id: string): AttackDefinition {
  const found = findAttack(id);
  if (found !== undefined) return found;
  throw new MoatError(
    'method-unknown',
    `There is no attack "${id}"; there are ${attackRegistry
      .all()
      .map((attack) => attack.meta.id)
      .join(', ')}.`,
  );
}
