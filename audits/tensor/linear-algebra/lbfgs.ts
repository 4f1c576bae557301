/** Limited-memory BFGS (Nocedal & Wright, Numerical Optimization, algorithm 7.4) for smooth convex objectives. */

export interface Minimum {
  readonly point: Float64Array;
  readonly value: number;
  readonly iterations: number;
  readonly converged: boolean;
}

type Objective = (
  point: Float64Array,
) => Promise<{ readonly value: number; readonly gradient: Float64Array }>;

/** Pairs remembered; 10-20 is the usual range and memory is no concern here. */
const MEMORY = 12;
/** Sufficient decrease (Armijo). */
const DECREASE = 1e-4;
const MAX_HALVINGS = 20;
/** Float32 products leave this much noise in a value of order 1. */
const VALUE_NOISE = 1e-7;

interface Pair {
  readonly step: Float64Array;
  readonly change: Float64Array;
  readonly rho: number;
  /** `changeᵀ H change` under the guess `H` at the inverse Hessian. */
  readonly length: number;
}

/** Applies a symmetric positive definite guess at the inverse Hessian. */
export type Preconditioner = (vector: Float64Array) => Promise<Float64Array> | Float64Array;

/**
 * Minimises from `start`. The better `precondition` guesses the inverse Hessian, the fewer steps.
 * Converged: the largest gradient entry is within `tolerance`, or no step lowers the value beyond float32
 * noise while the gradient is within 50 tolerances.
 */
export async function minimize(
  objective: Objective,
  start: Float64Array,
  options: {
    readonly precondition: Preconditioner;
    readonly maxIterations: number;
    readonly tolerance: number;
  },
): Promise<Minimum> {
  const { precondition, maxIterations, tolerance } = options;
  const pairs: Pair[] = [];
  let point = start;
  let { value, gradient } = await objective(point);
  let iterations = 0;
  while (iterations < maxIterations) {
    if (largestEntry(gradient) <= tolerance) return { point, value, iterations, converged: true };
    const direction = await descentDirection(gradient, pairs, precondition);
    const next = await lineSearch(objective, point, value, gradient, direction);
    if (next === undefined) {
      const converged = largestEntry(gradient) <= 50 * tolerance;
      if (converged || pairs.length === 0) return { point, value, iterations, converged };
      // Stale pairs may spoil the direction: once more from the plain preconditioned gradient.
      pairs.length = 0;
      continue;
    }
    const step = difference(next.point, point);
    const change = difference(next.gradient, gradient);
    const curvature = dot(step, change);
    if (curvature > 1e-12) {
      const length = dot(change, await precondition(change));
      pairs.push({ step, change, rho: 1 / curvature, length });
      if (pairs.length > MEMORY) pairs.shift();
    }
    ({ point, value, gradient } = next);
    iterations++;
  }
  return { point, value, iterations, converged: largestEntry(gradient) <= tolerance };
}

/** The two-loop recursion; the guess is scaled to the latest pair. */
async function descentDirection(
  gradient: Float64Array,
  pairs: readonly Pair[],
  precondition: Preconditioner,
): Promise<Float64Array> {
  const start = gradient.map((entry) => -entry);
  const weights: number[] = [];
  for (const pair of pairs.toReversed()) {
    const weight = pair.rho * dot(pair.step, start);
    weights.push(weight);
    addScaled(start, pair.change, -weight);
  }
  const latest = pairs.at(-1);
  const scale = latest === undefined ? 1 : 1 / (latest.rho * latest.length);
  const direction = Float64Array.from(await precondition(start), (entry) => scale * entry);
  for (const pair of pairs) {
    const weight = weights.pop() ?? 0;
    addScaled(direction, pair.step, weight - pair.rho * dot(pair.change, direction));
  }
  return direction;
}

/** Halves the step until the value falls enough; undefined when no step does. */
async function lineSearch(
  objective: Objective,
  point: Float64Array,
  value: number,
  gradient: Float64Array,
  direction: Float64Array,
): Promise<{ point: Float64Array; value: number; gradient: Float64Array } | undefined> {
  const slope = dot(gradient, direction);
  if (!(slope < 0)) return undefined;
  const noise = VALUE_NOISE * Math.max(1, Math.abs(value));
  for (let halving = 0, length = 1; halving < MAX_HALVINGS; halving++, length /= 2) {
    // Below the noise a further halving cannot be told from none.
    if (halving > 0 && -slope * length < noise) return undefined;
    const candidate = Float64Array.from(point);
    addScaled(candidate, direction, length);
    const evaluated = await objective(candidate);
    if (evaluated.value <= value + DECREASE * length * slope + noise / 10)
      return { point: candidate, ...evaluated };
  }
  return undefined;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

function addScaled(target: Float64Array, source: Float64Array, scale: number): void {
  for (let i = 0; i < target.length; i++) target[i] = (target[i] ?? 0) + scale * (source[i] ?? 0);
}

function difference(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((entry, i) => entry - (b[i] ?? 0));
}

function largestEntry(values: Float64Array): number {
  return values.reduce((most, entry) => Math.max(most, Math.abs(entry)), 0);
}
