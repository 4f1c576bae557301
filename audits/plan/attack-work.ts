import type { AuditConfig } from '../contract/audit.ts';
import type { CellWork, OwnershipWork, VersionedSpec } from '../contract/cell.ts';
import type { AttackDefinition, MethodSpec } from '../contract/method.ts';
import { attackRegistry } from '../attacks/registry.ts';
import { versionChain } from '../defenses/chain.ts';
import { demoDigest, FIRST_DEMO_DIGEST } from '../encoder/demo-encoder.ts';
import { lossVersions } from '../losses/registry.ts';
import { transferVersion } from '../metrics/transfer.ts';
import { versionQueryPolicy } from '../query-policies/registry.ts';
import type { AttackVariant } from './attack-variants.ts';

/** What an attack cell's key says of it: every method with its version, and what else its numbers depend on. */
export function attackWork(
  config: AuditConfig,
  attack: AttackDefinition,
  spec: MethodSpec,
  chain: readonly MethodSpec[],
  at: {
    readonly budget: number;
    readonly accounts: number;
    readonly seed: number;
    readonly variant: AttackVariant;
    readonly ownership?: OwnershipWork | undefined;
  },
): CellWork {
  const plugin = attackRegistry.pluginOf(spec.id);
  const versioned: VersionedSpec = {
    ...spec,
    version: attack.meta.version,
    ...(plugin === undefined ? {} : { plugin }),
  };
  const { variant, ...rest } = at;
  const queryPolicy = versionQueryPolicy(variant.queryPolicy);
  const publicEncoder = publicEncoderOf(attack, config);
  const losses = lossVersions(spec.config);
  return {
    kind: 'attack',
    attack: versioned,
    defense: versionChain(chain),
    ...rest,
    surrogate: variant.surrogate,
    ...(queryPolicy === undefined ? {} : { queryPolicy }),
    ...(publicEncoder === undefined ? {} : { publicEncoder }),
    ...(losses === undefined ? {} : { losses }),
    ...(config.fidelity?.includes('transfer') === true ? { transfer: transferVersion } : {}),
  };
}

/**
 * What a key has to say of the public encoder: nothing of a backbone, which is among the inputs, nor of the first built-in one.
 * A plugin may use it without saying so.
 */
export function publicEncoderOf(
  { meta }: Pick<AttackDefinition, 'meta'>,
  { backbone }: Pick<AuditConfig, 'backbone'>,
  demo: string = demoDigest(),
): string | undefined {
  const isUsed = meta.usesPublicEncoder === true || attackRegistry.pluginOf(meta.id) !== undefined;
  return isUsed && backbone === null && demo !== FIRST_DEMO_DIGEST ? demo : undefined;
}
