import type { LossDefinition } from './loss.ts';
import { predictSiamese, projectSiamese, siameseHead, symmetrizedCosine } from './siamese-head.ts';

/**
 * The symmetrised loss of BYOL and SimSiam (specification 3.5): the attacker's own projector `h` and predictor `q` give
 * `p_k = q(h(f_a(w_k)))`, the victim's reply passes the attacker's projector, `z_k = h(f_v(w_k))`, without a gradient, and
 * `L = -(mean cos(p_1, z_2) + mean cos(p_2, z_1)) / 2`. Reported as "SimSiam" in the paper's Table 6.
 */
export const symmetrized: LossDefinition = {
  id: 'symmetrized',
  summary: 'Each view predicts the other one’s reply behind a projector of the attacker’s own (SimSiam).',
  views: [2],
  defaults: { batchSize: 256, optimizer: 'sgd-momentum', learningRate: 0.05, weightDecay: 1e-4 },
  affineEquivariant: false,
  // The head's batch norms look from one row to another.
  meanOverRows: false,
  head: {
    initialize: (rng, dimension) => siameseHead(rng, dimension),
    receive: (replies, head) => projectSiamese(replies, head),
  },
  compute(surrogateViews, projections, _options, inputs) {
    const head = inputs?.head ?? {};
    const predictions = surrogateViews.map((view) => predictSiamese(projectSiamese(view, head), head));
    return symmetrizedCosine(predictions, projections);
  },
};
