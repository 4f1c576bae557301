import { z } from 'zod';
import { type Matrix, matrix, sliceImages } from '../../audits/contract/data.ts';
import type { AttackContext, AttackDefinition, AttackOutcome } from '../../audits/contract/method.ts';
import { createRng, type Rng } from '../../audits/rng.ts';
import { affordableImages, collectReplies } from '../../audits/attacks/collect-replies.ts';
import { defineAttack, throwIfCancelled } from '../../audits/attacks/define-attack.ts';

/** A small attack that is sound, and the same with one fault each: what the checks of the table must find. */

/** Steps of its training; each reads a part of the replies and writes a checkpoint. */
const STEPS = 8;

interface Parts {
  readonly rng: (context: AttackContext) => Rng;
  /** Images it sends beyond what it may; negative for fewer. */
  readonly surplus: number;
  readonly looksAtSignal: boolean;
  readonly saves: boolean;
  /** Steps done and what they came to, as read from a checkpoint. */
  readonly resume: (step: number, sums: Float32Array) => readonly [number, Float32Array];
  readonly finish: (sums: Float32Array, columns: number) => AttackOutcome['surrogate'];
}

const sound: Parts = {
  rng: ({ rng }) => rng.derive('noise'),
  surplus: 0,
  looksAtSignal: true,
  saves: true,
  resume: (step, sums) => [step, sums],
  finish: (sums, columns) => linear(sums, columns),
};

export const soundAttack = (): AttackDefinition => attackOf({});

/** Each with what the checks say of it. */
export const plantedAttacks: readonly {
  readonly fault: string;
  readonly plant: () => AttackDefinition;
  readonly complaint: RegExp;
}[] = [
  {
    fault: 'keeps its surrogate for the next run',
    plant() {
      let kept: AttackOutcome['surrogate'] | undefined;
      return attackOf({ finish: (sums, columns) => (kept ??= linear(sums, columns)) });
    },
    complaint: /returned the surrogate of an earlier run/,
  },
  {
    fault: 'goes on after it was cancelled',
    plant: () => attackOf({ looksAtSignal: false }),
    complaint: /went on after it was cancelled/,
  },
  {
    fault: 'asks for more than its budget',
    plant: () => attackOf({ surplus: 1 }),
    complaint: /failed with budget-exhausted/,
  },
  {
    fault: 'leaves queries unspent',
    plant: () => attackOf({ surplus: -1 }),
    complaint: /spent 127 rows instead of 128/,
  },
  {
    fault: 'draws from a stream that no seed began',
    plant() {
      let runs = 0;
      return attackOf({ rng: () => createRng(`run ${runs++}`) });
    },
    complaint: /a second run has another surrogate/,
  },
  {
    fault: 'loses what it had when it is resumed',
    plant: () => attackOf({ resume: (step, sums) => [step, new Float32Array(sums.length)] }),
    complaint: /the resumed run has another surrogate/,
  },
  {
    fault: 'starts over when it is resumed',
    plant: () => attackOf({ resume: (_step, sums) => [0, new Float32Array(sums.length)] }),
    complaint: /^did again what its checkpoint held$/,
  },
  {
    fault: 'keeps nothing to be resumed from',
    plant: () => attackOf({ saves: false }),
    complaint: /^keeps no checkpoint$/,
  },
  {
    fault: 'returns the public encoder',
    plant: () => attackOf({ finish: () => ({ kind: 'backbone' }) }),
    complaint: /returned the public encoder instead of a surrogate/,
  },
  {
    fault: 'ends with weights that are not finite',
    plant: () => attackOf({ finish: (sums, columns) => linear(sums.fill(Number.NaN), columns) }),
    complaint: /weights that are not finite/,
  },
];

function attackOf(change: Partial<Parts>): AttackDefinition {
  const parts = { ...sound, ...change };
  return defineAttack({
    meta: {
      id: 'planted',
      version: 1,
      title: 'Planted',
      summary: 'Sums noisy products of public features and replies.',
      reference: { authors: 'none', title: 'a fault for a test', venue: 'none', year: 2026 },
      knowledge: 'Unlabelled images and the replies to them.',
      requires: ['backbone'],
      training: 'closed-form',
    },
    config: z.object({}),
    run: (context) => sumProducts(context, parts),
  });
}

/** Weights: the sum over queried images of features times replies, each step with noise of its own. */
async function sumProducts(context: AttackContext, parts: Parts): Promise<AttackOutcome> {
  const { oracle, publicEncoder, checkpoint } = context;
  const sent = sliceImages(context.pool, 0, affordableImages(context).count + parts.surplus);
  const { replies } = await collectReplies(context, sent, () => undefined);
  const features = await publicEncoder.embed(sent);
  const size = features.columns * oracle.dimension;
  const rng = parts.rng(context);
  const saved = await checkpoint.load();
  let [done, sums] =
    saved === undefined
      ? [0, new Float32Array(size)]
      : parts.resume(Number(saved.progress['step']), saved.tensors['sums']?.data ?? new Float32Array(size));
  for (let step = done; step < STEPS; step++) {
    if (parts.looksAtSignal) throwIfCancelled(context.signal);
    sums = addProducts(sums, { features, replies, step, rng: rng.derive(`step/${step}`) });
    if (parts.saves)
      await checkpoint.save({
        progress: { step: step + 1 },
        tensors: { sums: { shape: [size], data: sums } },
      });
    context.progress((step + 1) / STEPS, 'summing');
  }
  return { surrogate: parts.finish(sums, oracle.dimension), diagnostics: { images: sent.count } };
}

function addProducts(
  sums: Float32Array,
  part: { readonly features: Matrix; readonly replies: Matrix; readonly step: number; readonly rng: Rng },
): Float32Array {
  const { features, replies, step, rng } = part;
  const next = sums.map((sum) => sum + 0.01 * rng.normal());
  for (let row = step; row < replies.rows; row += STEPS)
    for (let i = 0; i < features.columns; i++)
      for (let j = 0; j < replies.columns; j++) {
        const at = i * replies.columns + j;
        next[at] =
          (next[at] ?? 0) +
          (features.data[row * features.columns + i] ?? 0) * (replies.data[row * replies.columns + j] ?? 0);
      }
  return next;
}

function linear(sums: Float32Array, columns: number): AttackOutcome['surrogate'] {
  return {
    kind: 'linear-on-features',
    features: { kind: 'backbone' },
    weights: matrix(sums, sums.length / columns, columns),
    bias: new Float32Array(columns),
  };
}
