import { z } from 'zod';
import { matrix, matrixRow } from '../contract/data.ts';
import type { ProviderStatistics } from '../contract/method.ts';
import type { Rng } from '../rng.ts';
import { defineDefense } from './define-defense.ts';

/**
 * Redirects the gradient of a thief who trains on squared error: `e' = e + eps * J z / ||J z||` (landscape D6, after the idea of
 * GRAD²; specification 4.4). For that loss the gradient is linear in the target, so among all replies within `eps` of the truth
 * this one moves the thief's parameters farthest along `z`, in closed form.
 *
 * `J` is the Jacobian of a proxy of the thief, a linear head on features `phi`, hence `J z = Z phi`, with `z = Z` a direction in
 * the head's weights. Assumption: the defense sees embeddings and no images, so the proxy's features are a random tanh layer on
 * the standardised embedding; a thief whose features are far from a function of the embedding is redirected elsewhere. `Z` is
 * drawn from the service's key, the same for every account and input: all replies push the same way and do not average out.
 *
 * Threat model: the attacker knows all but the key. The distortion is a smooth function of the input: repeats gain nothing, and
 * a regression on the simulated defense sees another `Z`.
 */
const config = z.object({
  /** Distance of a reply from the truth, in root mean square distances of the provider's embeddings from their mean. */
  epsilon: z.number().min(0).max(1000).default(0.5),
});

/** Features of the proxy: enough that pushes of different inputs differ, few enough to cost little per reply. */
const PROXY_FEATURES = 64;

export const predictionPoisoning = defineDefense({
  meta: {
    id: 'prediction-poisoning',
    version: 1,
    title: 'Prediction poisoning',
    summary: 'Moves every reply by a fixed distance so that a proxy thief’s gradient is redirected.',
    reference: {
      authors: 'M. Mazeika, B. Li, D. Forsyth',
      title:
        'How to Steer Your Adversary: Targeted and Efficient Model Stealing Defenses with Gradient Redirection',
      venue: 'ICML',
      year: 2022,
      url: 'https://arxiv.org/abs/2206.14157',
    },
    mechanism: 'A thief’s squared error pulls its weights in a direction that the service chose.',
    mustFace: ['direct-extraction', 'repeat-averaging', 'view-averaging', 'inverse-fit'],
    stateful: false,
  },
  config,
  openSession({ config: { epsilon }, provider, rng }) {
    const proxy = createProxy(provider, rng);
    const variance = provider.standardDeviation.reduce((sum, value) => sum + value * value, 0);
    const length = epsilon * Math.sqrt(variance);
    return {
      reply(embeddings) {
        const data = new Float32Array(embeddings.data.length);
        for (let row = 0; row < embeddings.rows; row++) {
          const truth = matrixRow(embeddings, row);
          data.set(redirected(truth, proxy.pushOf(truth), length), row * embeddings.columns);
        }
        return matrix(data, embeddings.rows, embeddings.columns);
      },
    };
  },
});

/**
 * The reply within `length` of the truth which has the largest inner product with `push`.
 * @param truth, push `[dimension]`; a zero push leaves the truth
 */
export function redirected(truth: Float32Array, push: Float64Array, length: number): Float32Array {
  const norm = Math.sqrt(push.reduce((sum, value) => sum + value * value, 0));
  return norm === 0 ? truth.slice() : truth.map((value, i) => value + (length * (push[i] ?? 0)) / norm);
}

/** `J z = Z tanh(R e)` of the standardised embedding, in embedding units: `[dimension]`. */
function createProxy(
  { mean, standardDeviation }: ProviderStatistics,
  rng: Rng,
): { pushOf(embedding: Float32Array): Float64Array } {
  const dimension = mean.length;
  const normals = (name: string): Float64Array => {
    const stream = rng.derive(name);
    return Float64Array.from({ length: PROXY_FEATURES * dimension }, () => stream.normal());
  };
  const [layer, direction] = [normals('proxy layer'), normals('direction')];
  return {
    pushOf(embedding) {
      const push = new Float64Array(dimension);
      for (let feature = 0; feature < PROXY_FEATURES; feature++) {
        const at = feature * dimension;
        let sum = 0;
        for (let i = 0; i < dimension; i++) {
          const spread = standardDeviation[i] ?? 0;
          if (spread > 0) sum += (layer[at + i] ?? 0) * (((embedding[i] ?? 0) - (mean[i] ?? 0)) / spread);
        }
        const activation = Math.tanh(sum / Math.sqrt(dimension));
        for (let i = 0; i < dimension; i++)
          push[i] = (push[i] ?? 0) + activation * (direction[at + i] ?? 0) * (standardDeviation[i] ?? 0);
      }
      return push;
    },
  };
}
