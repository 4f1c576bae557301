import { z } from 'zod';
import type { MethodCard } from '../../contract/bridge.ts';
import { attackRegistry } from '../../attacks/registry.ts';
import { completeAttack, spellAttack } from '../../attacks/resolve.ts';
import type { AttackDefinition, DefenseDefinition, MethodMeta } from '../../contract/method.ts';
import { completeChain, spellChain } from '../../defenses/chain.ts';
import { defenseRegistry } from '../../defenses/registry.ts';
import { adaptiveAttacks } from '../../plan/cells.ts';
import { presets } from '../../plan/presets.ts';
import { defineBridgeMethod } from '../method.ts';

/** What there is to choose from: attacks, defenses and presets, with JSON Schemas of their settings. */
export const methodsList = defineBridgeMethod({
  name: 'methods.list',
  request: z.strictObject({}),
  run: () => ({
    attacks: attackRegistry.all().map((attack) => card(attack, attackGroup(attack), [])),
    defenses: defenseRegistry
      .all()
      .map((defense) => card(defense, defenseGroup(defense), defense.meta.mustFace)),
    presets: presets.map((preset) => ({
      id: preset.id,
      version: preset.version,
      title: preset.title,
      attacks: preset.attacks.map((spec) => spellAttack(completeAttack(spec))),
      defenses: preset.defenses.map((chain) => spellChain(completeChain(chain))),
      budgets: preset.budgets,
      accounts: preset.accounts,
      seeds: preset.seeds,
      canPass: preset.canPass,
    })),
  }),
});

function card(
  { meta, config }: { readonly meta: MethodMeta; readonly config: z.ZodObject },
  group: string,
  mustFace: readonly string[],
): MethodCard {
  const { id, title, summary } = meta;
  // What a user may write, so a setting with a default is not required.
  return { id, title, summary, group, config: z.toJSONSchema(config, { io: 'input' }), mustFace };
}

function attackGroup({ meta }: AttackDefinition): string {
  if (meta.control === true) return 'control';
  if (adaptiveAttacks.has(meta.id)) return 'adaptive';
  return meta.training === 'network' ? 'trained' : 'closed-form';
}

function defenseGroup({ meta }: DefenseDefinition): string {
  if (meta.mustFace.includes('watermark-removal')) return 'watermark';
  if (meta.detects === true) return 'detector';
  return meta.stateful ? 'account' : 'reply';
}
