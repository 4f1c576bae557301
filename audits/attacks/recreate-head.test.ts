import { afterAll, beforeAll, expect, test } from 'vitest';
import { attackService, blobs, MemorySlot, smallVictim } from '../../test/helpers/small-service.ts';
import { matrix, type Matrix } from '../contract/data.ts';
import type { Engine } from '../contract/engine.ts';
import type { AttackContext } from '../contract/method.ts';
import { createRng } from '../rng.ts';
import { createEngine } from '../tensor/engine.ts';
import { applyHead, trainHead, type HeadMethod } from './recreated-head.ts';

const dimension = 6;
const victim = smallVictim(dimension);
const pool = blobs(80, 'pool');

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine('onnx', { threads: 1 });
});
afterAll(async () => engine.dispose());

const steal = (text: string, context: Partial<AttackContext> = {}) =>
  attackService(text, { engine, victim, dimension, pool, budget: 129, epochs: 3, context });

test('two rows per image are spent, and both stages lower their loss', async () => {
  const { calls, oracle, diagnostics, surrogate } = await steal('recreate-head');
  expect(calls.map(({ images }) => images.count)).toEqual([64, 64]);
  const sent = calls.flatMap(({ images }) => images.hashes);
  expect(sent.filter((hash) => pool.hashes.includes(hash))).toEqual([]);
  expect(oracle.ledger()[0]?.rows).toBe(128);
  expect(diagnostics).toMatchObject({ images: 64, headEpochs: 6, epochs: 3 });
  expect(diagnostics['headFinalLoss']).toBeLessThan((diagnostics['headFirstLoss'] ?? 0) - 0.1);
  expect(diagnostics['finalLoss']).toBeLessThan(diagnostics['firstLoss'] ?? 0);
  // Both heads are gone: what is left are the network's pooled features.
  expect(surrogate).toMatchObject({ kind: 'network', dimension: 256 });
});

test.each([
  ['recreate-head:headEpochs=4', [0.15, 0.6]],
  ['recreate-head:method=infonce:loss=mse', [0.2, 0.7]],
] as const)('%s, stopped in either stage and resumed, ends at the same surrogate', async (text, shares) => {
  const whole = await steal(text);
  for (const share of shares) {
    const checkpoint = new MemorySlot();
    const control = new AbortController();
    const progress = (fraction: number): void => {
      if (fraction > share) control.abort();
    };
    await expect(steal(text, { checkpoint, signal: control.signal, progress })).rejects.toMatchObject({
      code: 'cancelled',
    });
    // Before the surrogate's training there is only the first round, from then on the head's weights stand beside it.
    expect((await checkpoint.load())?.progress['round']).toBe(share < 0.3 ? 0 : 1);
    const resumed = await steal(text, { checkpoint });
    expect(resumed.surrogate).toEqual(whole.surrogate);
    expect(resumed.diagnostics).toEqual(whole.diagnostics);
    expect(resumed.oracle.ledger()).toEqual(whole.oracle.ledger());
  }
});

/** Replies of eight numbers, of which the views of an image share the first four alone. `[2][64, 8]` */
const replies = ((): readonly [Matrix, Matrix] => {
  const rng = createRng('shared half');
  const shared = Float32Array.from({ length: 64 * 4 }, () => rng.normal());
  const view = (): Matrix =>
    matrix(
      Float32Array.from({ length: 64 * 8 }, (_, at) =>
        at % 8 < 4 ? (shared[Math.floor(at / 8) * 4 + (at % 8)] ?? 0) : rng.normal(),
      ),
      64,
      8,
    );
  return [view(), view()];
})();

const request = (method: HeadMethod) => ({
  engine,
  method,
  replies,
  epochs: 20,
  batchSize: 32,
  rng: createRng('head'),
  checkpoint: new MemorySlot(),
  signal: new AbortController().signal,
  progress: () => undefined,
});

test.each(['simsiam', 'infonce'] as const)(
  'a head trained by %s tells images apart and forgets what differs between views',
  async (method) => {
    const before = nearestMatches(replies);
    const { weights, losses } = await trainHead(request(method));
    expect(losses).toHaveLength(20);
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) - 0.1);
    const [first, second] = await applyHead(engine, method, weights, replies);
    if (first === undefined || second === undefined) throw new Error('two views');
    expect(first.columns).toBe(method === 'simsiam' ? 512 : 128);
    expect(nearestMatches([first, second])).toBeGreaterThan(before + 0.1);
  },
);

test('the squared error between views falls to a head that tells nothing apart', async () => {
  const { losses } = await trainHead(request('mse'));
  expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) / 5);
});

/** Share of rows of the first view whose nearest row of the second, by cosine, is the same image's. */
function nearestMatches(views: readonly [Matrix, Matrix]): number {
  const [first, second] = views.map(({ data, rows, columns }) =>
    Array.from({ length: rows }, (_, row) => {
      const values = data.subarray(row * columns, (row + 1) * columns);
      const length = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
      return values.map((value) => value / length);
    }),
  );
  const hits = (first ?? []).filter((row, image) => {
    const cosines = (second ?? []).map((other) =>
      other.reduce((sum, value, at) => sum + value * (row[at] ?? 0), 0),
    );
    return cosines.indexOf(Math.max(...cosines)) === image;
  });
  return hits.length / views[0].rows;
}
