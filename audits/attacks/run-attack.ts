import type { AttackContext, AttackDefinition, AttackOutcome } from '../contract/method.ts';

/**
 * Runs one attack of the registry as a cell asks for it.
 * @param work.budget the nominal budget; the oracle must have granted exactly what the attack may spend of it
 * @throws MoatError as the base of all attacks promises; RangeError when the oracle grants another number of rows
 */
export async function runAttack(
  attack: AttackDefinition,
  context: AttackContext,
  work: { readonly config: Readonly<Record<string, unknown>>; readonly budget: number },
): Promise<AttackOutcome> {
  const allowance = attack.queryAllowance?.(work.config, work.budget) ?? work.budget;
  if (context.oracle.remaining() !== allowance)
    throw new RangeError(
      `${attack.meta.id} may send ${allowance} rows and the oracle grants ${context.oracle.remaining()}`,
    );
  return attack.run(context, work.config);
}
