import { afterAll, describe, expect, test } from 'vitest';
import { type Matrix, matrix } from '../contract/data.ts';
import { calibrateChain, openChainSession, parseChain } from '../defenses/chain.ts';
import { createRng } from '../rng.ts';
import { openSurrogate } from '../surrogates/open.ts';
import { createEngine } from '../tensor/engine.ts';
import { attackIn, gradients, linearVictim, quarters } from '../../test/helpers/attack-world.ts';
import { fitMonotone } from './monotone-regression.ts';
import { recordReplies, replay } from './recorded-oracle.ts';
import { findAttack } from './registry.ts';
import { fitCoordinateRepair, fitMatrixRepair, fitNetworkRepair, fitSpectralRepair } from './repair-maps.ts';

const engine = await createEngine('onnx', { threads: 1 });
afterAll(() => engine.dispose());

describe('monotone regression', () => {
  test('keeps what rises and averages what falls', () => {
    const map = fitMonotone(Float64Array.of(4, 1, 2, 3), Float64Array.of(9, 1, 5, 3));
    expect([1, 2, 3, 4].map((x) => map.at(x))).toEqual([1, 4, 4, 9]);
    expect(map.at(1.5)).toBe(2.5);
    expect(map.at(6)).toBe(11);
    expect(fitMonotone(Float64Array.of(1, 2), Float64Array.of(1, 3), 'flat').at(6)).toBe(3);
  });

  test('equal places are one, with their mean', () => {
    const map = fitMonotone(Float64Array.of(0, 1, 1, 1, 2), Float64Array.of(0, 2, 4, 6, 8));
    expect(map.at(1)).toBe(4);
  });
});

/** Two encoders that have nothing in common but a spectrum: rows of rank 4 in `dimension` coordinates. */
function encoder(dimension: number, seed: string, rows = 1200): Matrix {
  const rng = createRng(seed);
  const weights = Float64Array.from({ length: 4 * dimension }, () => rng.normal());
  const data = new Float32Array(rows * dimension);
  for (let row = 0; row < rows; row++) {
    const inside = Array.from({ length: 4 }, () => rng.normal());
    for (let j = 0; j < dimension; j++)
      data[row * dimension + j] =
        2 + inside.reduce((sum, value, i) => sum + value * (weights[i * dimension + j] ?? 0), 0);
  }
  return matrix(data, rows, dimension);
}

function defend(text: string, clean: Matrix, seed: string): Matrix {
  const chain = parseChain(text);
  const rng = createRng(seed);
  return openChainSession(chain, calibrateChain(chain, clean, rng), 0, rng).reply(
    clean,
    Array.from({ length: clean.rows }, (_, row) => `${row}`),
  );
}

function meanSquare(a: Matrix, b: Matrix): number {
  return a.data.reduce((sum, value, at) => sum + (value - (b.data[at] ?? 0)) ** 2, 0) / a.data.length;
}

describe('maps learned on another encoder', () => {
  test('the axes that hold noise alone are silenced, at another dimension too', async () => {
    const [held, victim] = [encoder(24, 'held'), encoder(40, 'victim')];
    const defense = 'gaussian-noise:sigma=1';
    const repair = await fitSpectralRepair(engine, defend(defense, held, 'own key'), held);
    const replies = defend(defense, victim, 'service key');
    const before = meanSquare(replies, victim);
    // Rank 4 of 40 coordinates: a tenth of the noise, and the little that the filter takes of the signal.
    expect(meanSquare(await repair.apply(replies), victim)).toBeLessThan(0.16 * before);
  });

  test('a coordinate’s distortion is inverted where it is known only from another encoder', async () => {
    const [held, victim] = [encoder(24, 'held'), encoder(40, 'victim')];
    const squash = ({ data, rows, columns }: Matrix): Matrix =>
      matrix(
        data.map((value) => Math.sign(value - 2) * Math.sqrt(Math.abs(value - 2))),
        rows,
        columns,
      );
    const repair = await fitCoordinateRepair(squash(held), held);
    const repaired = await repair.apply(squash(victim));
    expect(correlation(repaired, victim)).toBeGreaterThan(0.99);
    expect(correlation(squash(victim), victim)).toBeLessThan(0.97);
  });

  test('what happens to a reply as a whole is inverted by the network, and by no function of one coordinate', async () => {
    const [held, victim] = [encoder(24, 'held'), encoder(40, 'victim')];
    // Every reply is drawn to the common offset by as much as it is away from it.
    const shortened = ({ data, rows, columns }: Matrix): Matrix => {
      const away = data.map((value) => value - 2);
      const lengths = Array.from({ length: rows }, (_, row) =>
        Math.hypot(...away.subarray(row * columns, (row + 1) * columns)),
      );
      return matrix(
        away.map((value, at) => {
          const size = (lengths[Math.floor(at / columns)] ?? 0) / Math.sqrt(columns);
          return 2 + value / (1 + size);
        }),
        rows,
        columns,
      );
    };
    const context = { engine, rng: createRng('network'), signal: new AbortController().signal };
    const network = await fitNetworkRepair(context, shortened(held), held);
    const coordinate = await fitCoordinateRepair(shortened(held), held);
    const [byNetwork, byCoordinate] = [
      meanSquare(await network.apply(shortened(held)), held),
      meanSquare(await coordinate.apply(shortened(held)), held),
    ];
    expect(byNetwork).toBeLessThan(0.3 * byCoordinate);
    // Another encoder is standardised by its own replies: its scale is lost, what its coordinates say is not.
    const [got, without] = [
      correlation(await network.apply(shortened(victim)), victim),
      correlation(await coordinate.apply(shortened(victim)), victim),
    ];
    expect(1 - got).toBeLessThan(0.5 * (1 - without));
  });

  test('a full matrix undoes a linear defense for an encoder with the same coordinates', async () => {
    const rng = createRng('mixing');
    const mix = matrix(
      Float32Array.from({ length: 24 * 24 }, () => rng.normal()),
      24,
      24,
    );
    const rows = encoder(24, 'held', 600);
    const noise = createRng('full rank');
    const clean = matrix(
      rows.data.map((value) => value + noise.normal()),
      600,
      24,
    );
    const repair = await fitMatrixRepair(engine, await engine.matmul(clean, mix), clean);
    expect(correlation(await repair.apply(await engine.matmul(clean, mix)), clean)).toBeGreaterThan(0.999);
  });
});

test('a record answers each image once, and says what it cannot answer', async () => {
  const pool = gradients(10, 'pool');
  const oracle = {
    dimension: 12,
    accounts: 1,
    remaining: () => 10,
    isOpen: () => true,
    query: (images: typeof pool) => quarters.embed(images),
  };
  const record = await recordReplies(
    { oracle, pool, poolLabels: Int32Array.from(pool.hashes.keys()) },
    () => undefined,
  );
  const recorded = replay(record, 'inverse-fit');
  expect((await recorded.oracle.query(pool)).data).toEqual((await quarters.embed(pool)).data);
  expect(recorded.oracle.remaining()).toBe(0);
  await expect(recorded.oracle.query(pool)).rejects.toMatchObject({ code: 'budget-exhausted' });
  await expect(replay(record, 'inverse-fit').oracle.query(gradients(2, 'other'))).rejects.toMatchObject({
    code: 'not-applicable',
  });
});

test('without a defense there is nothing to undo, and two views are refused', async () => {
  const facts = { hasBackbone: true, hasProjection: false, hasPoolLabels: false, accounts: 1 };
  const attack = findAttack('inverse-fit');
  const defense = parseChain('rounding');
  expect(attack?.notApplicable?.({}, { ...facts, defense: [] })).toMatch(/this service has none/);
  expect(attack?.notApplicable?.({}, { ...facts, defense })).toBeUndefined();
  expect(attack?.notApplicable?.({ base: 'direct-extraction/views=2' }, { ...facts, defense })).toMatch(
    /two views/,
  );
  const world = { engine, victim: linearVictim(4), dimension: 4, budget: 20 };
  await expect(attackIn(world, 'inverse-fit')).rejects.toMatchObject({ code: 'not-applicable' });
});

test.each(['coordinate', 'mlp', 'spectral', 'matrix'])(
  'map=%s repairs what is simulated, and the base learns from it',
  async (map) => {
    const dimension = 12;
    const victim = linearVictim(dimension);
    const world = { engine, victim, dimension, budget: 400, defense: 'gaussian-noise:sigma=1' };
    const { surrogate, diagnostics } = await attackIn(
      world,
      `inverse-fit:map=${map}:base=backbone-stitching`,
    );
    expect(diagnostics['repairedError']).toBeLessThan(0.8 * (diagnostics['simulatedError'] ?? 0));
    const opened = await openSurrogate(engine, surrogate, quarters);
    const images = gradients(200, 'unseen');
    const [got, wanted] = [await opened.embed(images), await victim(images)];
    await opened.dispose();
    // A full matrix between encoders trained apart mixes coordinates up; the others keep them.
    if (map === 'matrix') expect(correlation(got, wanted)).toBeLessThan(0.8);
    else expect(correlation(got, wanted)).toBeGreaterThan(0.8);
  },
);

/** Mean over the coordinates of the correlation between two encoders' values of it. */
function correlation(a: Matrix, b: Matrix): number {
  const column = ({ data, columns, rows }: Matrix, at: number): number[] => {
    const values = Array.from({ length: rows }, (_, row) => data[row * columns + at] ?? 0);
    const mean = values.reduce((sum, value) => sum + value, 0) / rows;
    return values.map((value) => value - mean);
  };
  const product = (x: readonly number[], y: readonly number[]): number =>
    x.reduce((sum, value, at) => sum + value * (y[at] ?? 0), 0);
  let total = 0;
  for (let at = 0; at < a.columns; at++) {
    const [x, y] = [column(a, at), column(b, at)];
    total += product(x, y) / Math.sqrt(product(x, x) * product(y, y));
  }
  return total / a.columns;
}
