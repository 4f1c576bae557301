import type { Engine } from '../contract/engine.ts';
import { valueAndGradients } from '../tensor/ops.ts';
import type { Tensor, Tensor2D } from '../tensor/ops.ts';
import type { LossDefinition, LossOptions } from './loss.ts';

type Rows = readonly number[];

/** A loss and its gradients with respect to the surrogate's views, `[batch, dimension]` each, computed in a step. */
export async function evaluateLoss(
  engine: Engine,
  loss: LossDefinition,
  batch: number,
  views: { readonly surrogate: readonly Rows[]; readonly victim: readonly Rows[] },
  options: LossOptions = {},
): Promise<{ readonly value: number; readonly gradients: readonly Rows[] }> {
  const named = (kind: 'surrogate' | 'victim') =>
    views[kind].map((data, view) => [`${kind}${view}`, Float32Array.from(data)] as const);
  const dimension = (views.surrogate[0]?.length ?? 0) / batch;
  const shape = [batch, dimension];
  const surrogate = named('surrogate');
  const victim = named('victim');
  const step = await engine.compile<Tensor>({
    name: loss.id,
    state: {},
    inputs: Object.fromEntries(
      [...surrogate, ...victim].map(([name]) => [name, { shape, dtype: 'float32' as const }]),
    ),
    step(_, inputs) {
      const { value, gradients } = valueAndGradients(
        (parameters) =>
          loss.compute(
            surrogate.map(([name]) => parameters[name] as Tensor2D),
            victim.map(([name]) => inputs[name] as Tensor2D),
            options,
          ),
        Object.fromEntries(surrogate.map(([name]) => [name, inputs[name] as Tensor])),
      );
      return { state: {}, outputs: { value, ...gradients } };
    },
  });
  try {
    const outputs = await step.run(
      Object.fromEntries([...surrogate, ...victim].map(([name, data]) => [name, { shape, data }])),
    );
    return {
      value: outputs['value']?.data[0] ?? Number.NaN,
      gradients: surrogate.map(([name]) => [...(outputs[name]?.data ?? [])]),
    };
  } finally {
    await step.dispose();
  }
}
