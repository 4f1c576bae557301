import { z } from 'zod';
import { parseChain } from '../contract/configuration.ts';
import { type Matrix, matrix, sliceImages } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';
import type { AttackContext } from '../contract/method.ts';
import { defineAttack, throwIfCancelled } from './define-attack.ts';
import { recordReplies, replay } from './recorded-oracle.ts';
import {
  composeRepairs,
  fitCoordinateRepair,
  fitMatrixRepair,
  fitNetworkRepair,
  fitSpectralRepair,
  type Repair,
} from './repair-maps.ts';

/**
 * Learns to undo a known defense on an encoder which the attacker holds, and repairs the victim's replies before another
 * attack sees them: the recovery of BESA in its light form (landscape A14). The defense is simulated on a public encoder's
 * embeddings `h(x)`, a map is fitted from `D(h(x))` to `h(x)`, both standardised, and applied to the replies.
 *
 * Two encoders share neither dimension nor coordinates, so a map carries over only through what they have in common:
 * - `coordinate`: one rising function for all standardised coordinates (a quantizer's best inverse);
 * - `mlp`: a small network in its place, which sees the reply's mean and size beside the coordinate: for what a defense does to a
 *   reply as a whole;
 * - `spectral`: after `coordinate`, a factor per principal axis by how much the replies vary along it (the optimal linear filter). Each
 *   reply comes nearer to the clean one, but weak axes shrink: a base that averages over many replies by itself (ridge) may do
 *   better without, hence not the default;
 * - `matrix`: ridge regression between all coordinates, for a victim made from the public encoder, of its dimension.
 * Where the defense shortens replies there is no clean one of that length: the map then leads to what the defense answers on
 * average, which still takes out what varies.
 *
 * Threat model: adaptive; the attacker knows the defense and its settings, not its key.
 */
const config = z.object({
  /** The attack behind it: `direct-extraction/loss=cosine`, `/` where a configuration has `:`. */
  base: z.string().min(1).default('direct-extraction'),
  map: z.enum(['coordinate', 'mlp', 'spectral', 'matrix']).default('coordinate'),
});

type Config = z.infer<typeof config>;

/** Images on which the defense is simulated: several times the dimension of common encoders, seconds to embed. */
const SIMULATED_IMAGES = 2048;
/** Simulations whose average stands for a reply without its noise, where no clean embedding has its length. */
const AVERAGED_SIMULATIONS = 8;
/** Share of the attack's time, for progress only. */
const QUERY_SHARE = 0.1;
const FIT_SHARE = 0.2;

const NO_DEFENSE = 'inverse-fit undoes a known defense, and this service has none.';

export const inverseFit = defineAttack({
  meta: {
    id: 'inverse-fit',
    version: 1,
    title: 'Inverse fit',
    summary: 'Fits the inverse of the known defense on a public encoder and hands repaired replies on.',
    reference: {
      authors: 'X. Ren, H. Liang, Y. Wang, C. Zhang, Z. Xiong, L. Zhu',
      title: 'BESA: Boosting Encoder Stealing Attack with Perturbation Recovery',
      venue: 'arXiv preprint',
      year: 2025,
      url: 'https://arxiv.org/abs/2506.04556',
    },
    knowledge: 'As the base attack; the defense and its settings; a public encoder.',
    requires: ['base-attack'],
    usesPublicEncoder: true,
    training: 'network',
  },
  config,
  notApplicable({ base }, { defense }) {
    if (defense.length === 0) return NO_DEFENSE;
    const views = parseChain(base.replaceAll('/', ':'))[0]?.values['views'];
    return views === undefined || views === '1'
      ? undefined
      : 'inverse-fit needs all replies to the pool before its base starts, and a base with two views sends other images.';
  },
  async run(context, settings) {
    const { base, defense } = context;
    if (base === undefined) throw new MoatError('internal', 'inverse-fit was started without a base.');
    if (defense.chain.length === 0) throw new MoatError('not-applicable', NO_DEFENSE);
    const record = await recordReplies(context, (fraction) =>
      context.progress(fraction * QUERY_SHARE, 'querying'),
    );
    throwIfCancelled(context.signal);
    const { defended, clean } = await simulatedPairs(context);
    context.progress(FIT_SHARE, 'fitting the inverse');
    const repair = await fitRepair(context, settings, defended, clean);
    const replies = await repair.apply(record.replies);
    throwIfCancelled(context.signal);
    const outcome = await base.run({
      ...context,
      ...replay({ ...record, replies }, 'inverse-fit'),
      progress: (fraction, stage) => context.progress(FIT_SHARE + (1 - FIT_SHARE) * fraction, stage),
    });
    const repaired = await repair.apply(defended);
    return {
      surrogate: outcome.surrogate,
      diagnostics: {
        ...outcome.diagnostics,
        simulatedError: relativeError(defended, clean),
        repairedError: relativeError(repaired, clean),
      },
    };
  },
});

/** As many images reach the base as the budget buys. */
export const repairedImages = (_settings: Readonly<Record<string, unknown>>, budget: number): number =>
  budget;

/** The public encoder's embeddings of pool images under a defense of the attacker's own, and what they should have been. */
async function simulatedPairs({
  publicEncoder,
  pool,
  defense,
  rng,
}: AttackContext): Promise<{ readonly defended: Matrix; readonly clean: Matrix }> {
  const embedded = await publicEncoder.embed(sliceImages(pool, 0, Math.min(pool.count, SIMULATED_IMAGES)));
  const simulate = (name: string): Matrix => defense.simulate(embedded, rng.derive(`simulation/${name}`));
  const defended = simulate('learned from');
  // A defense that refuses, or that answers fewer rows than asked, has answered the first ones.
  if (defended.rows < 2)
    throw new MoatError('not-applicable', 'The simulated defense answers too few rows to learn from.');
  if (defended.columns === embedded.columns) return { defended, clean: firstRows(embedded, defended.rows) };
  const sum = new Float32Array(defended.data.length);
  for (let at = 0; at < AVERAGED_SIMULATIONS; at++)
    simulate(`average ${at}`).data.forEach((value, index) => {
      if (index < sum.length) sum[index] = (sum[index] ?? 0) + value / AVERAGED_SIMULATIONS;
    });
  return { defended, clean: matrix(sum, defended.rows, defended.columns) };
}

async function fitRepair(
  { engine, oracle, rng, signal }: AttackContext,
  { map }: Config,
  defended: Matrix,
  clean: Matrix,
): Promise<Repair> {
  if (map === 'matrix') {
    if (defended.columns !== oracle.dimension)
      throw new MoatError(
        'not-applicable',
        `A full matrix needs replies of one length; the public encoder's have ${defended.columns}, the victim's ${oracle.dimension}.`,
      );
    return fitMatrixRepair(engine, defended, clean);
  }
  if (map === 'mlp') return fitNetworkRepair({ engine, rng: rng.derive('inverse'), signal }, defended, clean);
  const coordinate = await fitCoordinateRepair(defended, clean);
  if (map === 'coordinate') return coordinate;
  const spectral = await fitSpectralRepair(engine, await coordinate.apply(defended), clean);
  return composeRepairs([coordinate, spectral]);
}

function firstRows({ data, columns }: Matrix, rows: number): Matrix {
  return matrix(data.subarray(0, rows * columns), rows, columns);
}

/** Mean squared error over the variance of the clean values, each coordinate around its mean. */
function relativeError(got: Matrix, wanted: Matrix): number {
  const { columns, rows } = wanted;
  const mean = new Float64Array(columns);
  wanted.data.forEach((value, at) => (mean[at % columns] = (mean[at % columns] ?? 0) + value / rows));
  let [error, variance] = [0, 0];
  wanted.data.forEach((value, at) => {
    error += (value - (got.data[at] ?? 0)) ** 2;
    variance += (value - (mean[at % columns] ?? 0)) ** 2;
  });
  return variance > 0 ? error / variance : 0;
}
