import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findAttack } from '../audits/attacks/registry.ts';
import { completeAttack } from '../audits/attacks/resolve.ts';
import { runAttack } from '../audits/attacks/run-attack.ts';
import type { CellWork } from '../audits/contract/cell.ts';
import { matrix, sliceImages, type Images, type Matrix } from '../audits/contract/data.ts';
import type { Engine } from '../audits/contract/engine.ts';
import type { AttackOutcome, SurrogateModel } from '../audits/contract/method.ts';
import { hashedImages } from '../audits/datasets/image-hash.ts';
import {
  calibrateChain,
  chainMustFace,
  completeChain,
  openChainSession,
  parseChain,
} from '../audits/defenses/chain.ts';
import { defenses } from '../audits/defenses/registry.ts';
import { evaluateSurrogate, type TaskEmbeddings } from '../audits/metrics/evaluate.ts';
import { createOracle, type MeteredOracle } from '../audits/oracle.ts';
import { planCells } from '../audits/plan/cells.ts';
import { cellKey } from '../audits/plan/key.ts';
import { createRng } from '../audits/rng.ts';
import { judge } from '../audits/score/judge.ts';
import { verdictOf, world } from '../audits/score/judge.sample.ts';
import {
  createAudit,
  exampleConfig,
  exampleId,
  examplePreparation,
  fillExample,
  fixedClock,
} from '../audits/store/fixtures/example.ts';
import { killOthers, startOther } from '../audits/store/fixtures/other-process.ts';
import { openStore } from '../audits/store/open.ts';
import { createEngine } from '../audits/tensor/engine.ts';

/** Mistakes that made the audits of other tools lie, each planted here and caught. */

const SIDE = 8;
const DIMENSION = 6;

let engine: Engine;
let folder: string;
beforeAll(async () => {
  engine = await createEngine('onnx', { threads: 1 });
  folder = mkdtempSync(path.join(tmpdir(), 'moat-peers-'));
});
afterAll(async () => {
  killOthers();
  rmSync(folder, { recursive: true, force: true });
  await engine.dispose();
});

function gaussian(name: string, rows: number, columns = DIMENSION): Matrix {
  const rng = createRng(name);
  return matrix(
    Float32Array.from({ length: rows * columns }, () => rng.normal()),
    rows,
    columns,
  );
}

const identities = (rows: number): readonly string[] => Array.from({ length: rows }, (_, i) => `image-${i}`);

function imagesOf(count: number): Images {
  const rng = createRng('images');
  const pixels = Uint8Array.from({ length: count * SIDE * SIDE * 3 }, () => rng.integer(256));
  return hashedImages(pixels, count, SIDE, SIDE);
}

const pool = imagesOf(64);
/** The victim: each row's answer depends on its pixels alone. */
async function victim(images: Images): Promise<Matrix> {
  const size = SIDE * SIDE * 3;
  const data = Float32Array.from({ length: images.count * DIMENSION }, (_, at) => {
    const image = Math.floor(at / DIMENSION);
    return (images.data[image * size + (at % DIMENSION) * 7] ?? 0) / 128 - 1;
  });
  return matrix(data, images.count, DIMENSION);
}

function oracleOf(budget: number, accounts = 1): MeteredOracle {
  return createOracle({
    answer: victim,
    openSession: (account) => openChainSession([], [], account, createRng('key')),
    dimension: DIMENSION,
    budget,
    accounts,
    imageBytes: SIDE * SIDE * 3,
  });
}

async function run(id: string, budget: number): Promise<AttackOutcome & { readonly oracle: MeteredOracle }> {
  const attack = findAttack(id);
  if (attack === undefined) throw new Error(`no attack ${id}`);
  const oracle = oracleOf(budget);
  const outcome = await runAttack(
    attack,
    {
      oracle,
      pool,
      poolLabels: new Int32Array(pool.count).fill(-1),
      surrogate: { architecture: 'small-cnn', inputSize: SIDE, epochs: 1, batchSize: 8 },
      publicEncoder: { dimension: DIMENSION, embed: victim },
      defense: { chain: [], simulate: (embeddings) => embeddings },
      taskHeads: [],
      checkpoint: { load: async () => undefined, save: async () => undefined },
      rng: createRng('attacker').derive(`attack/${budget}`),
      engine,
      signal: new AbortController().signal,
      progress: () => undefined,
      log: () => undefined,
    },
    { config: completeAttack({ id, config: {} }).config, budget },
  );
  return { ...outcome, oracle };
}

function weightsOf(model: SurrogateModel): readonly number[] {
  if (model.kind !== 'network') throw new Error(`a network was trained, not ${model.kind}`);
  return Object.values(model.weights).flatMap(({ data }) => [...data]);
}

function probeMean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

describe('1: a defense that mixes the rows of a batch', () => {
  // A recorded table answers nothing without its file; its own test asks it.
  const answering = defenses.map(({ meta }) => meta).filter(({ id }) => id !== 'external');
  test.each(answering)('$id answers a batch as its rows one by one', ({ id }) => {
    const chain = completeChain([{ id, config: {} }]);
    const embeddings = gaussian('batch', 24);
    const key = createRng('key');
    const calibration = calibrateChain(chain, gaussian('calibration', 200), key);
    const whole = openChainSession(chain, calibration, 0, key).reply(embeddings, identities(24));
    const session = openChainSession(chain, calibration, 0, key);
    const single = identities(24).flatMap((name, row) => {
      const own = matrix(embeddings.data.slice(row * DIMENSION, (row + 1) * DIMENSION), 1, DIMENSION);
      return [...session.reply(own, [name]).data];
    });
    expect([...whole.data]).toEqual(single);
  });
});

describe('2: the victim handed in as its own copy', () => {
  test('a control without queries asks nothing and knows nothing', async () => {
    const { oracle, surrogate } = await run('no-victim', 0);
    expect(oracle.ledger()).toEqual([]);
    expect(weightsOf(surrogate).length).toBeGreaterThan(1000);
  });

  test('a copy that is no better than the control steals nothing, and the flag says so', () => {
    const { input, facts } = world({ undefendedAccuracy: 0.3, defendedAccuracy: 0.3, adaptiveAccuracy: 0.3 });
    const result = judge(input, facts);
    const gain = result.matrix.find(
      ({ attack, defense }) => attack === 'plain' && defense === 'none',
    )?.stolenGain;
    expect(gain?.low).toBeLessThan(0.02);
    expect(Math.abs(gain?.value ?? 1)).toBeLessThan(0.05);
    expect(result.flags.map(({ id }) => id)).toContain('weak-attacks');
  });
});

describe('3: queries that nobody counted', () => {
  test('every row is counted at the door, repeats too, over all accounts, and beyond the budget there is none', async () => {
    const oracle = oracleOf(100, 2);
    await oracle.query(sliceImages(pool, 0, 40), 0);
    await oracle.query(sliceImages(pool, 0, 40), 0);
    await oracle.query(sliceImages(pool, 0, 10), 1);
    expect(oracle.ledger().map(({ rows, uniqueInputs }) => [rows, uniqueInputs])).toEqual([
      [80, 40],
      [10, 10],
    ]);
    await expect(oracle.query(sliceImages(pool, 0, 11), 1)).rejects.toMatchObject({
      code: 'budget-exhausted',
    });
    expect(oracle.remaining()).toBe(10);
  });
});

describe('4: a larger budget that goes on where a smaller one ended', () => {
  test('the copy at 32 queries is the same, whether 16 were run before or not', async () => {
    const alone = await run('direct-extraction', 32);
    const before = await run('direct-extraction', 16);
    const after = await run('direct-extraction', 32);
    expect(weightsOf(after.surrogate)).toEqual(weightsOf(alone.surrogate));
    expect(weightsOf(before.surrogate)).not.toEqual(weightsOf(alone.surrogate));
  });
});

describe('5: a constant offset sold as noise', () => {
  test('a shift of every reply is seen through by any map with an intercept, and costs a probe nothing', async () => {
    const task: TaskEmbeddings = {
      name: 't',
      classes: 2,
      fit: { embeddings: gaussian('fit', 120), labels: Int32Array.from({ length: 120 }, (_, i) => i % 2) },
      score: { embeddings: gaussian('score', 60), labels: Int32Array.from({ length: 60 }, (_, i) => i % 2) },
    };
    const shifted = (embeddings: Matrix): Matrix => ({
      ...embeddings,
      data: embeddings.data.map((value) => value + 5),
    });
    const copy = {
      ...task,
      fit: { ...task.fit, embeddings: shifted(task.fit.embeddings) },
      score: { ...task.score, embeddings: shifted(task.score.embeddings) },
    };
    const measured = await evaluateSurrogate({ engine, rng: createRng(1) }, [copy], [task]);
    const value = (metric: string) => measured.find((entry) => entry.metric === metric)?.value;
    expect(value('aligned-r2')).toBeGreaterThan(0.999);
    expect(value('cka')).toBeCloseTo(1, 4);
    expect(value('agreement')).toBeGreaterThan(0.98);
  });

  test('nobody may call an offset safe before the attack that subtracts it has run, with or without noise', () => {
    for (const text of [
      'gaussian-noise:mean=5',
      'gaussian-noise:mean=5:sigma=0',
      'gaussian-noise:mode=static',
    ])
      expect(chainMustFace(parseChain(text))).toContain('affine-removal');
    expect(chainMustFace(parseChain('gaussian-noise'))).not.toContain('affine-removal');
  });

  test('a defense through which as much is stolen has no protection and fails', () => {
    const { input, facts } = world({ defendedAccuracy: 0.6, adaptiveAccuracy: 0.75 });
    const verdict = verdictOf(judge(input, facts), 'noise');
    expect(verdict).toMatchObject({ verdict: 'fail', strongestAttack: 'adaptive' });
    expect(Math.abs(verdict.protection?.value ?? 1)).toBeLessThan(0.05);
  });
});

describe('6: a random defense judged by one answer', () => {
  test('sixteen answers averaged leave a sixteenth of the noise, so such a defense must face that', () => {
    const chain = parseChain('gaussian-noise:mode=fresh:sigma=1');
    const key = createRng('key');
    const clean = gaussian('clean', 200);
    const session = openChainSession(chain, calibrateChain(chain, clean, key), 0, key);
    const answers = Array.from({ length: 16 }, () => session.reply(clean, identities(200)).data);
    const squares = (of: (at: number) => number): number =>
      probeMean(Array.from(clean.data, (value, at) => (of(at) - value) ** 2));
    const once = squares((at) => answers[0]?.[at] ?? 0);
    const averaged = squares((at) => probeMean(answers.map((answer) => answer[at] ?? 0)));
    expect(once / averaged).toBeGreaterThan(13);
    expect(once / averaged).toBeLessThan(19.5);
    expect(chainMustFace(chain)).toContain('repeat-averaging');
  });
});

describe('7: the best of several seeds as the result', () => {
  test('the value is the mean over seeds, inside its interval, and no cell is planned twice', () => {
    const { input, facts } = world({ lastSeedShift: 0.1 });
    const result = judge(input, facts);
    const cell = result.matrix.find(({ attack, defense }) => attack === 'plain' && defense === 'none');
    const seeds = input.cells
      .filter(({ key }) => cell?.cellKeys.includes(key))
      .map(
        ({ key }) =>
          input.measurements.get(key)?.find(({ metric }) => metric === 'probe-accuracy')?.value ?? 0,
      );
    expect(cell?.probeAccuracy?.value).toBeCloseTo(probeMean(seeds), 9);
    expect(cell?.probeAccuracy?.value).toBeLessThan(Math.max(...seeds) - 0.02);
    expect(cell?.probeAccuracy?.seeds).toBe(3);
    const planned = planCells(
      {
        ...exampleConfig,
        attacks: [completeAttack({ id: 'direct-extraction', config: {} })],
        budgets: [10, 10],
        seeds: 3,
      },
      examplePreparation.inputs,
    );
    expect(new Set(planned.map(({ key }) => key)).size).toBe(planned.length);
  });
});

describe('8: old results under a new name', () => {
  const work: CellWork = { kind: 'honest', defense: [], seed: 0 };
  const { inputs } = examplePreparation;
  const key = cellKey(inputs, work, 1);

  test.each([
    ['encoder', { ...inputs, encoder: 'other' }],
    ['images', { ...inputs, pool: { ...inputs.pool, digest: 'other' } }],
    ['metrics', { ...inputs, evaluation: { ...inputs.evaluation, version: 99 } }],
    ['engine', { ...inputs, numericsClass: 'other' }],
  ])('another %s is another cell', (_, other) => {
    expect(cellKey(other, work, 1)).not.toBe(key);
  });

  test('and so are another version of a method, another setting and another seed', () => {
    const noise = (version: number, sigma: number): CellWork => ({
      ...work,
      defense: [{ id: 'gaussian-noise', version, config: { sigma } }],
    });
    const keys = [
      cellKey(inputs, noise(1, 0.1), 1),
      cellKey(inputs, noise(2, 0.1), 1),
      cellKey(inputs, noise(1, 0.2), 1),
      cellKey(inputs, noise(1, 0.1), 2),
    ];
    expect(new Set(keys).size).toBe(4);
    expect(cellKey(inputs, noise(1, 0.1), 1)).toBe(keys[0]);
  });
});

test('9: a run that erases the one before it: the history keeps both', () => {
  const store = openStore(path.join(folder, 'history.db'), { mode: 'write', clock: fixedClock });
  try {
    fillExample(store);
    const before = store.audits.list();
    createAudit(store, 'ffff0000' as typeof exampleId);
    expect(store.audits.list().map(({ id }) => id)).toEqual(
      expect.arrayContaining(before.map(({ id }) => id)),
    );
    expect(store.audits.list().length).toBe(before.length + 1);
  } finally {
    store.close();
  }
});

test('10: a number that does not belong to the runs shown beside it', () => {
  const { input, facts } = world();
  const known = new Set<string>(input.cells.map(({ key }) => key));
  const { matrix: cells, findings } = judge(input, facts);
  for (const { cellKeys, attack, defense } of cells) {
    expect(cellKeys.length).toBe(3);
    for (const key of cellKeys) {
      expect(known.has(key)).toBe(true);
      const cell = input.cells.find((own) => own.key === key);
      expect([cell?.attackLabel, cell?.defenseLabel]).toEqual([attack, defense]);
    }
  }
  for (const { cellKeys } of findings) for (const key of cellKeys) expect(known.has(key)).toBe(true);
});

test('12: a crash that leaves the database locked', { timeout: 60_000 }, async () => {
  const file = path.join(folder, 'killed.db');
  const other = await startOther('hold', file);
  await other.kill();
  const store = openStore(file, { mode: 'write', clock: fixedClock });
  try {
    createAudit(store, exampleId);
    expect(store.audits.list().map(({ id }) => id)).toContain(exampleId);
  } finally {
    store.close();
  }
});
