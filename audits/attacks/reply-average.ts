import { type Matrix, matrix } from '../contract/data.ts';

/** Averages repeated replies and takes out of the average what the repeats show to be noise. */
export interface Shrinkage {
  /** @param repeats one matrix `[images, dimension]` per repeat, same images in each. */
  average(repeats: readonly Matrix[]): Matrix;
  /** Over all dimensions: noise variance of one reply over its total variance, and the mean factor applied last. */
  summary(): { readonly noiseShare: number; readonly meanFactor: number };
}

/**
 * The optimal linear denoiser per dimension (Wiener): an average of `r` replies with signal variance `s` and noise
 * variance `v` per reply is drawn towards the mean of all averages by `rho = s / (s + v / r)`. `v` comes from the
 * spread within the repeats, `s` from the spread between the averages less `v / r`. Both use every image seen
 * so far, so that a pool sent in several calls is treated alike.
 */
export function createShrinkage(dimension: number, repeats: number): Shrinkage {
  let images = 0;
  const sum = new Float64Array(dimension);
  const squares = new Float64Array(dimension);
  const within = new Float64Array(dimension);
  // A first image as origin keeps the sums of squares small where embeddings lie far from zero.
  let origin: Float64Array | undefined;

  const observe = (average: Float64Array, replies: readonly Matrix[]): void => {
    origin ??= average.slice(0, dimension);
    images += average.length / dimension;
    for (let at = 0; at < average.length; at++) {
      const column = at % dimension;
      const center = average[at] ?? 0;
      const shifted = center - (origin[column] ?? 0);
      sum[column] = (sum[column] ?? 0) + shifted;
      squares[column] = (squares[column] ?? 0) + shifted * shifted;
      for (const { data } of replies)
        within[column] = (within[column] ?? 0) + ((data[at] ?? 0) - center) ** 2;
    }
  };

  const moments = (column: number): { mean: number; noise: number; signal: number } => {
    const shiftedMean = images === 0 ? 0 : (sum[column] ?? 0) / images;
    const between = images < 2 ? 0 : ((squares[column] ?? 0) - images * shiftedMean ** 2) / (images - 1);
    const noise = repeats < 2 || images === 0 ? 0 : (within[column] ?? 0) / (images * (repeats - 1));
    return {
      mean: (origin?.[column] ?? 0) + shiftedMean,
      noise,
      signal: Math.max(0, between - noise / repeats),
    };
  };

  const factor = ({ noise, signal }: { noise: number; signal: number }): number =>
    noise === 0 ? 1 : signal / (signal + noise / repeats);

  return {
    average(replies) {
      const rows = replies[0]?.rows ?? 0;
      const average = new Float64Array(rows * dimension);
      for (const { data } of replies)
        for (let at = 0; at < average.length; at++)
          average[at] = (average[at] ?? 0) + (data[at] ?? 0) / replies.length;
      observe(average, replies);
      const maps = Array.from({ length: dimension }, (_, column) => {
        const known = moments(column);
        return { mean: known.mean, rho: factor(known) };
      });
      const shrunken = Float32Array.from(average, (value, at) => {
        const { mean, rho } = maps[at % dimension] ?? { mean: 0, rho: 1 };
        return mean + rho * (value - mean);
      });
      return matrix(shrunken, rows, dimension);
    },
    summary() {
      const all = Array.from({ length: dimension }, (_, column) => moments(column));
      const noise = all.reduce((total, one) => total + one.noise, 0);
      const signal = all.reduce((total, one) => total + one.signal, 0);
      return {
        noiseShare: noise === 0 ? 0 : noise / (noise + signal),
        meanFactor: all.reduce((total, one) => total + factor(one), 0) / dimension,
      };
    },
  };
}
