import type { Unit } from '../contract/cell.ts';
import type { Matrix } from '../contract/data.ts';
import type { Engine } from '../contract/engine.ts';
import type { MethodMeta } from '../contract/method.ts';
import type { Rng } from '../rng.ts';
import type { ProbeResult } from './linear-probe.ts';

/** What a metric is: a pure function of embeddings and labels; products and chance come from its context. */

export interface MetricContext {
  readonly engine: Pick<Engine, 'matmul' | 'matmulFloat64'>;
  /**
   * Stream for splits and few-label draws. The same for every cell of one seed, so that cells are compared on
   * the same split: never derived from the cell.
   */
  readonly rng: Rng;
  /** Checked between metrics. */
  readonly signal?: AbortSignal;
}

/** Embeddings `[rows, dimension]` with one class index per row. */
export interface LabelledEmbeddings {
  readonly embeddings: Matrix;
  readonly labels: Int32Array;
}

/** One encoder seen through one task. */
export interface EncoderView {
  readonly task: string;
  readonly classes: number;
  readonly fit: LabelledEmbeddings;
  readonly score: LabelledEmbeddings;
  /** The linear probe of this encoder: fitted on the first call, shared by all metrics that need it. */
  probe(): Promise<ProbeResult>;
}

/** An encoder beside the one it is compared with, over the same images in the same order. */
export interface ComparedView extends EncoderView {
  readonly reference: {
    readonly fitEmbeddings: Matrix;
    readonly scoreEmbeddings: Matrix;
    /** Classes its linear probe predicts for the score rows. */
    predictions(): Promise<Int32Array>;
    /** Mutual information of the victim with an untrained network and with itself, in nats; absent without such a network. */
    informationScale?(): Promise<InformationScale>;
  };
}

/** The two ends of the mutual-information score, in nats. */
export interface InformationScale {
  readonly random: number;
  readonly self: number;
}

export interface MetricReading {
  readonly value: number;
  /** Items behind the value. */
  readonly n: number;
  /** Per item, where their mean is the value. */
  readonly items?: Float32Array;
}

export interface MetricMeta<Id extends string = string> extends MethodMeta<Id> {
  readonly unit: Unit;
  /** Which way the attacker (or the honest user) gains. */
  readonly higherIs: 'more stolen' | 'better for users';
}

export interface Metric<View> {
  readonly meta: MetricMeta;
  /**
   * Undefined where the measure has no meaning for this view: it is then not measured.
   * @throws RangeError when paired inputs differ in rows
   */
  measure(view: View, context: MetricContext): Promise<MetricReading | undefined>;
}

/** The mean of per-item values as a reading. */
export function itemwise(items: Float32Array): MetricReading {
  let sum = 0;
  for (const item of items) sum += item;
  return { value: items.length > 0 ? sum / items.length : Number.NaN, n: items.length, items };
}

/** 1 where two lists of classes agree, else 0. */
export function matches(a: Int32Array, b: Int32Array): Float32Array {
  if (a.length !== b.length) throw new RangeError(`comparing ${a.length} classes with ${b.length}`);
  return Float32Array.from(a, (value, i) => (value === b[i] ? 1 : 0));
}
