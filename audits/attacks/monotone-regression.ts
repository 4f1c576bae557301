/** A rising function given by its values at ascending places. */
export interface MonotoneFunction {
  /** Linear between the places; beyond the first and the last one it goes on with slope 1, or stays (`flat`). */
  at(place: number): number;
}

/** Pairs are pooled to about so many places: more would follow single pairs. */
const PLACES = 512;

/**
 * The rising function of least squared error through pairs `(x, y)` (isotonic regression by pooling adjacent violators).
 * Pairs with equal `x` are one place. @throws RangeError without pairs or on differing lengths
 */
export function fitMonotone(
  x: Float64Array,
  y: Float64Array,
  beyond: 'slope' | 'flat' = 'slope',
): MonotoneFunction {
  if (x.length === 0 || x.length !== y.length)
    throw new RangeError(`monotone regression of ${x.length} places and ${y.length} values`);
  const places = poolViolators(pooledPlaces(x, y));
  const last = places.length - 1;
  return {
    at(place) {
      const [first, final] = [places[0] as Place, places[last] as Place];
      const extra = beyond === 'slope' ? 1 : 0;
      if (place <= first.x) return first.y + extra * (place - first.x);
      if (place >= final.x) return final.y + extra * (place - final.x);
      let [low, high] = [0, last];
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if ((places[middle] as Place).x <= place) low = middle;
        else high = middle;
      }
      const [left, right] = [places[low] as Place, places[high] as Place];
      return left.y + ((place - left.x) / (right.x - left.x)) * (right.y - left.y);
    },
  };
}

interface Place {
  readonly x: number;
  readonly y: number;
  /** Pairs pooled here. */
  readonly weight: number;
}

/** Averages of runs of neighboring pairs; a run ends only between different `x`. */
function pooledPlaces(x: Float64Array, y: Float64Array): readonly Place[] {
  const order = Uint32Array.from(x.keys()).sort((a, b) => (x[a] ?? 0) - (x[b] ?? 0));
  const enough = x.length / PLACES;
  const places: Place[] = [];
  let [sumX, sumY, weight] = [0, 0, 0];
  order.forEach((pair, position) => {
    sumX += x[pair] ?? 0;
    sumY += y[pair] ?? 0;
    weight++;
    const next = order[position + 1];
    if (next !== undefined && (weight < enough || x[next] === x[pair])) return;
    places.push({ x: sumX / weight, y: sumY / weight, weight });
    [sumX, sumY, weight] = [0, 0, 0];
  });
  return places;
}

/** Merges values that fall into their average; every place keeps its `x` and takes the value of its group. */
function poolViolators(places: readonly Place[]): readonly Place[] {
  const groups: { y: number; weight: number; members: number }[] = [];
  for (const { y, weight } of places) {
    let group = { y, weight, members: 1 };
    for (let before = groups.at(-1); before !== undefined && before.y > group.y; before = groups.at(-1)) {
      const together = before.weight + group.weight;
      group = {
        y: (before.y * before.weight + group.y * group.weight) / together,
        weight: together,
        members: before.members + group.members,
      };
      groups.pop();
    }
    groups.push(group);
  }
  const values = groups.flatMap(({ y, members }) => Array.from({ length: members }, () => y));
  return places.map(({ x, weight }, at) => ({ x, weight, y: values[at] ?? 0 }));
}
