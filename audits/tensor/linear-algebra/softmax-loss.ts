/** The part of a logistic regression that is not a product: cross-entropy and its derivative, for a block of rows. */

/**
 * Sum of `-log p(label)` over the rows of `scores [rows, classes]` plus `bias [classes]`. Overwrites `scores` with
 * `p - onehot(label)` and adds its column sums to `residualSum [classes]`.
 * @param labels of these rows
 */
export function softmaxLoss(
  scores: Float32Array,
  bias: Float64Array,
  labels: Int32Array,
  residualSum: Float64Array,
): number {
  const classes = bias.length;
  let loss = 0;
  for (let row = 0, at = 0; row < labels.length; row++, at += classes) {
    let highest = -Infinity;
    for (let c = 0; c < classes; c++) {
      const score = (scores[at + c] ?? 0) + (bias[c] ?? 0);
      scores[at + c] = score;
      if (score > highest) highest = score;
    }
    const label = labels[row] ?? 0;
    const labelScore = (scores[at + label] ?? 0) - highest;
    let total = 0;
    for (let c = 0; c < classes; c++) {
      const exponential = Math.exp((scores[at + c] ?? 0) - highest);
      scores[at + c] = exponential;
      total += exponential;
    }
    loss += Math.log(total) - labelScore;
    const share = 1 / total;
    for (let c = 0; c < classes; c++) {
      const probability = (scores[at + c] ?? 0) * share - (c === label ? 1 : 0);
      scores[at + c] = probability;
      residualSum[c] = (residualSum[c] ?? 0) + probability;
    }
  }
  return loss;
}
