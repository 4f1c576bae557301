import type { ImageLayout, Pooling } from '../contract/encoder.ts';
import type { ModelPort } from '../contract/engine.ts';
import { MoatError } from '../contract/errors.ts';
import { describePort } from './image-input.ts';
import { featureMapLayout } from './pooling.ts';

/** The output that is the embedding, and how it becomes one vector per image. */
export interface OutputChoice {
  readonly port: ModelPort;
  readonly pooling: Pooling;
  readonly notes: readonly string[];
}

/**
 * Names under which exporters publish an embedding, best first. The service's final vector stands before
 * what it is made of: a projected embedding before a pooled state, pooled before per-token values.
 */
const preferredNames: readonly RegExp[] = [
  /^(image_?)?embeddings?$/,
  /^image_?embeds?$/,
  /^(sentence|img)_embeddings?$/,
  /^pooler_?output$/,
  /^pooled(_output)?$/,
  /^(image_?)?features?$/,
  /^representations?$/,
  /^last_?hidden_?state$/,
];

export interface OutputFacts {
  readonly layout: ImageLayout;
  /** The graph carries a class token (its weights are named after it). */
  readonly hasClassToken: boolean;
}

/**
 * `--output` wins; then the preferred names; then a single output; then the first of rank 2, then of rank 3 or 4.
 * @throws MoatError `encoder-output-unclear`
 */
export function chooseOutput(
  path: string,
  outputs: readonly ModelPort[],
  facts: OutputFacts,
  wanted: { readonly output?: string | undefined; readonly pooling?: Pooling | undefined },
): OutputChoice {
  const notes: string[] = [];
  const port =
    wanted.output === undefined ? choose(path, outputs, notes) : named(path, outputs, wanted.output);
  if (/logit|score|class|prob/i.test(port.name))
    notes.push(
      `The output "${port.name}" sounds like a classifier's scores; an encoder's embedding is usually the layer before.`,
    );
  const pooling = wanted.pooling ?? defaultPooling(port, facts, notes);
  checkPooling(port, pooling);
  return { port, pooling, notes };
}

function choose(path: string, outputs: readonly ModelPort[], notes: string[]): ModelPort {
  const usable = outputs.filter(isUsable);
  if (usable.length === 0)
    throw new MoatError(
      'encoder-output-unclear',
      `${path} has no output that can be an embedding: ${outputs.map(describePort).join(', ')}.`,
    );
  const [only] = usable;
  if (only !== undefined && outputs.length === 1) return only;
  const byName = preferredNames.flatMap((pattern) =>
    usable.filter((port) => pattern.test(plainName(port.name))),
  );
  const rank = (wanted: readonly number[]): ModelPort | undefined =>
    usable.find((port) => wanted.includes(port.shape.length));
  const chosen = byName[0] ?? rank([2]) ?? rank([3, 4]) ?? only;
  if (chosen === undefined) throw new MoatError('encoder-output-unclear', `${path} has no output.`);
  const reason = byName.length > 0 ? 'for its name' : 'as the first that fits';
  const others = outputs.filter((port) => port !== chosen).map((port) => `"${port.name}"`);
  notes.push(
    `Of ${outputs.length} outputs "${chosen.name}" is used, ${reason}; --output can choose ${others.join(', ')}.`,
  );
  return chosen;
}

/** Floating-point and not a lone number per batch. An empty shape means that the file does not state it. */
function isUsable(port: ModelPort): boolean {
  const rank = port.shape.length;
  return (
    ['float32', 'float16', 'float64', 'other'].includes(port.elementType) &&
    (rank === 0 || (rank >= 2 && rank <= 4))
  );
}

function named(path: string, outputs: readonly ModelPort[], name: string): ModelPort {
  const found = outputs.find((port) => port.name === name);
  if (found !== undefined) return found;
  throw new MoatError(
    'encoder-output-unclear',
    `${path} has no output "${name}"; its outputs are ${outputs.map((port) => `"${port.name}"`).join(', ')}.`,
  );
}

/** `StatefulPartitionedCall/embedding:0` is `embedding`. */
function plainName(name: string): string {
  return (name.split('/').at(-1) ?? name).replace(/:\d+$/, '').toLowerCase();
}

function defaultPooling(port: ModelPort, facts: OutputFacts, notes: string[]): Pooling {
  const rank = port.shape.length;
  if (rank === 0) {
    notes.push(
      `The file does not state the shape of "${port.name}"; if it holds tokens or positions, their mean is taken.`,
    );
    return 'mean';
  }
  if (rank === 4) {
    const axes = featureMapLayout(port.shape.slice(1), facts.layout);
    notes.push(
      `"${port.name}" is a feature map (${axes.toUpperCase()}); its mean over all positions is the embedding (--pooling).`,
    );
    return 'mean';
  }
  if (rank !== 3) return 'none';
  const pooling = hasLeadingClassToken(port, facts) ? 'cls' : 'mean';
  notes.push(
    pooling === 'cls'
      ? `"${port.name}" holds one vector per token; the first (class) token is the embedding (--pooling mean for their mean).`
      : `"${port.name}" holds one vector per token; their mean is the embedding (--pooling cls for the first).`,
  );
  return pooling;
}

/** A vision transformer has a square number of patches, and one token more when a class token leads. */
function hasLeadingClassToken(port: ModelPort, facts: OutputFacts): boolean {
  const tokens = port.shape[1];
  if (typeof tokens === 'number') {
    if (Number.isInteger(Math.sqrt(tokens))) return false;
    if (Number.isInteger(Math.sqrt(tokens - 1))) return true;
  }
  return facts.hasClassToken;
}

function checkPooling(port: ModelPort, pooling: Pooling): void {
  const rank = port.shape.length;
  if (pooling === 'cls' && rank !== 3 && rank !== 0)
    throw new MoatError(
      'encoder-output-unclear',
      `--pooling cls needs an output with one vector per token, and ${describePort(port)} is none.`,
    );
}
