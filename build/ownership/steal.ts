import { existsSync } from 'node:fs';
import type { Engine } from '../../audits/contract/engine.ts';
import { imageBytes, type Images } from '../../audits/contract/data.ts';
import { findAttack } from '../../audits/attacks/registry.ts';
import { parseAttack } from '../../audits/attacks/resolve.ts';
import { runAttack } from '../../audits/attacks/run-attack.ts';
import { openDataset } from '../../audits/datasets/dataset.ts';
import { readImages } from '../../audits/datasets/read.ts';
import { calibrateChain, openChainSession, parseChain } from '../../audits/defenses/chain.ts';
import { openEncoder } from '../../audits/encoder/encoder.ts';
import { createOracle } from '../../audits/oracle.ts';
import { createRng } from '../../audits/rng.ts';
import { writeFileAtomic } from '../../audits/run/files.ts';
import { exportSurrogate } from '../../audits/surrogates/export-onnx.ts';

/** A copy of a victim without a defense, as an audit's cell makes one, without the rest of an audit. */

export interface Theft {
  readonly victim: string;
  readonly attack: string;
  readonly queries: string;
  readonly budget: number;
  readonly inputSize: number;
  readonly epochs: number;
  readonly out: string;
}

/** Steals into `out` unless that is there. */
export async function steal(engine: Engine, theft: Theft): Promise<void> {
  const { victim, attack: text, budget, inputSize, epochs, out } = theft;
  if (existsSync(out)) return;
  const { id, config } = parseAttack(text);
  const attack = findAttack(id);
  if (attack === undefined) throw new RangeError(`there is no attack ${id}`);
  const encoder = await openEncoder(engine, victim, {});
  try {
    const dataset = await openDataset(theft.queries);
    const items = dataset.splits.all?.items.length ?? 0;
    const indices = Array.from({ length: Math.min(budget, items) }, (_, at) => at);
    const { images: pool } = await readImages(dataset, 'all', indices, encoder.description.preprocessing);
    const rng = createRng('thief');
    const chain = parseChain('none');
    const calibration = calibrateChain(chain, await encoder.embed(pool), rng);
    const { surrogate } = await runAttack(
      attack,
      {
        oracle: createOracle({
          answer: (images: Images) => encoder.embed(images),
          openSession: (account) => openChainSession(chain, calibration, account, rng),
          dimension: encoder.dimension,
          budget: pool.count,
          accounts: 1,
          imageBytes: imageBytes(pool),
        }),
        pool,
        poolLabels: new Int32Array(pool.count).fill(-1),
        publicEncoder: {
          dimension: encoder.dimension,
          embed: () => Promise.reject(new RangeError('this thief has no public encoder')),
        },
        defense: { chain, simulate: (embeddings) => embeddings },
        taskHeads: [],
        surrogate: { architecture: 'small-cnn', inputSize, epochs, batchSize: 32 },
        checkpoint: { load: () => Promise.resolve(undefined), save: () => Promise.resolve() },
        rng,
        engine,
        signal: new AbortController().signal,
        progress: () => undefined,
        log: () => undefined,
      },
      { config, budget: pool.count },
    );
    const file = await exportSurrogate(surrogate);
    if (file === undefined) throw new RangeError('this copy is no network');
    writeFileAtomic(out, [file]);
  } finally {
    await encoder.dispose();
  }
}
