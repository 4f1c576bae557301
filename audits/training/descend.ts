import { clipByGlobalNorm } from '../optimizers/gradient-clipping.ts';
import { filterNames, type NamedArrays } from '../surrogates/parameters.ts';
import { moveStatistics } from '../surrogates/training-step.ts';
import { valueAndGradients } from '../tensor/ops.ts';
import type { Scalar, Tensor2D, Tensor4D, Tensors } from '../tensor/ops.ts';
import type { EncoderStepPlan } from './encoder-step.ts';

/** One way down: a loss on the embedding of some images, and which layers behind the embedding it moves besides. */
export interface Descent {
  /** `[rows, size, size, 3]` in [0, 1]; one batch for the network's batch norms. */
  readonly images: Tensor4D;
  /** Behind the embedding, in the state under their names. */
  readonly layers: NamedArrays;
  readonly areLayersTrained: boolean;
  readonly loss: (embedding: Tensor2D, layers: Tensors) => Scalar;
  /** The optimizer's scalars for the network, and for the layers. */
  readonly networkInputs: Tensors;
  readonly layerInputs: Tensors;
}

/** One update of network and layers. @returns what of the state has moved, and the loss before the update */
export function descend(
  { architecture, weights, statistics, optimizer, clipNorm }: EncoderStepPlan,
  state: Tensors,
  descent: Descent,
): { readonly state: Tensors; readonly loss: Scalar } {
  const { images, layers, areLayersTrained, loss, networkInputs, layerInputs } = descent;
  const pick = (of: NamedArrays): Tensors => filterNames(state, (name) => name in of);
  const current = pick(statistics);
  const frozen = areLayersTrained ? {} : pick(layers);
  const movedLayers = areLayersTrained ? layers : {};
  let moved: Tensors = {};
  const { value, gradients } = valueAndGradients(
    (parameters) => {
      const forward = architecture.forward({ ...current, ...parameters }, images, 'train');
      moved = moveStatistics(current, forward.batchStatistics);
      return loss(forward.embedding, { ...frozen, ...filterNames(parameters, (name) => name in layers) });
    },
    { ...pick(weights), ...pick(movedLayers) },
  );
  const used = clipNorm === undefined ? gradients : clipByGlobalNorm(gradients, clipNorm).gradients;
  // The optimizer finds its slots in the whole state by the weights' names.
  const update = (of: NamedArrays, inputs: Tensors): Tensors =>
    optimizer.update(pick(of), used, state, inputs);
  return {
    state: { ...update(weights, networkInputs), ...update(movedLayers, layerInputs), ...moved },
    loss: value,
  };
}
