import type { CompiledStep, StepValues } from '../contract/engine.ts';

/** `CompiledStep.runMany` for engines whose state stays where they compute: nothing is gained by larger blocks. */
export async function runInTurn(
  run: CompiledStep['run'],
  inputs: readonly StepValues[],
): Promise<readonly StepValues[]> {
  const outputs: StepValues[] = [];
  for (const each of inputs) outputs.push(await run(each));
  return outputs;
}
