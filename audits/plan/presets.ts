import type { Preset } from '../contract/audit.ts';
import type { SurrogateSettings } from '../contract/method.ts';
import { digestOf } from './key.ts';

/** Frozen lists: a change of content is a new version. Attack and defense specs are completed by their schemas. */

/**
 * Half the resolution costs a quarter of the time and, at these budgets, steals as much (docs/first-audit.md):
 * 2 000 queries train in about 20 s on one core.
 */
const smallCnn: SurrogateSettings = { architecture: 'small-cnn', inputSize: 16, epochs: 12, batchSize: 32 };
const noise = (mode: 'fresh' | 'keyed') => [{ id: 'gaussian-noise', config: { mode } }];

// What a defense must face besides (repeat-averaging for fresh noise) is added by the planner.
const quick: Preset = {
  id: 'quick',
  version: 1,
  title:
    'Minutes on a laptop: closed-form attacks and one small trained surrogate. It can fail a defense, never clear one.',
  attacks: [
    { id: 'no-victim', config: {} },
    { id: 'direct-extraction', config: {} },
    { id: 'backbone-stitching', config: {} },
  ],
  defenses: [
    [],
    noise('fresh'),
    noise('keyed'),
    [{ id: 'rounding', config: {} }],
    [{ id: 'top-k', config: {} }],
  ],
  budgets: [500, 2000],
  accounts: [1],
  seeds: 3,
  evaluation: { fitRows: 4000, scoreRows: 2000, version: 1 },
  surrogate: smallCnn,
  canPass: false,
};

const demo: Preset = {
  ...quick,
  id: 'demo',
  title: 'The built-in demo: a small battery on drawn images, to see what an audit looks like.',
  attacks: [
    { id: 'no-victim', config: {} },
    { id: 'direct-extraction', config: {} },
  ],
  defenses: [[], noise('fresh'), [{ id: 'rounding', config: {} }]],
  budgets: [300, 1000],
  evaluation: { fitRows: 1000, scoreRows: 1000, version: 1 },
};

/** A half, a quarter and an eighth of the embedding. */
const shares = [0.5, 0.25, 0.125];

const standard: Preset = {
  ...quick,
  id: 'standard',
  version: 4,
  title:
    'The first tier of the battery up to the policy’s budget, five seeds: every attack a defense must face. Days on two cores; a time limit takes the most telling part.',
  attacks: [
    { id: 'no-victim', config: {} },
    { id: 'no-victim', config: { variant: 'own-ssl' } },
    { id: 'direct-extraction', config: {} },
    { id: 'direct-extraction', config: { loss: 'cosine' } },
    { id: 'direct-extraction', config: { loss: 'infonce' } },
    { id: 'direct-extraction', config: { loss: 'infonce', views: 2 } },
    { id: 'backbone-stitching', config: {} },
    { id: 'stolen-encoder', config: {} },
    { id: 'cont-steal', config: {} },
    { id: 'rda', config: {} },
    { id: 'label-extraction', config: {} },
    // Played where a defense must face them.
    { id: 'repeat-averaging', config: {} },
    { id: 'repeat-averaging', config: { repeats: 16 } },
    { id: 'repeat-averaging', config: { base: 'backbone-stitching' } },
    { id: 'view-averaging', config: {} },
    { id: 'affine-removal', config: {} },
    { id: 'inverse-fit', config: {} },
    { id: 'masked-regression', config: {} },
    { id: 'sybil-remap', config: {} },
    { id: 'defense-aware-schedule', config: {} },
    { id: 'dimension-recovery', config: {} },
    { id: 'watermark-removal', config: {} },
    // What a mark in angles loses to; a rotation leaves it as it is.
    { id: 'watermark-removal', config: { method: 'cse' } },
  ],
  defenses: [
    [],
    noise('fresh'),
    noise('keyed'),
    [{ id: 'rounding', config: {} }],
    [{ id: 'top-k', config: {} }],
    ...[8, 4, 1].map((bits) => [{ id: 'quantization', config: { bits } }]),
    ...shares.map((dims) => [{ id: 'truncation', config: { dims } }]),
    ...shares.map((dims) => [{ id: 'pca-truncation', config: { dims } }]),
    ...['rotation', 'elementwise', 'pad-shuffle', 'binary'].map((family) => [
      { id: 'account-transform', config: { family } },
    ]),
    [{ id: 'b4b', config: {} }],
    [
      { id: 'b4b', config: {} },
      { id: 'account-transform', config: {} },
    ],
    [{ id: 'quota', config: {} }],
    [{ id: 'near-duplicate-guard', config: {} }],
    [{ id: 'linear-watermark', config: {} }],
    [{ id: 'region-watermark', config: {} }],
  ],
  budgets: [500, 2000, 5000],
  accounts: [1, 5],
  seeds: 5,
  surrogate: { ...smallCnn, epochs: 20 },
  // The first is smaller than most victims; this one is larger and built otherwise.
  furtherSurrogates: [
    { settings: { ...smallCnn, architecture: 'resnet18', epochs: 20 }, extent: 'first-attack' },
  ],
  evaluation: { fitRows: 10_000, scoreRows: 5000, version: 1 },
  canPass: true,
};

/**
 * The root paper's settings (paper-spec 2.1): ResNet-34 with the stem for 32 x 32 images, 100 epochs, each loss with its own
 * optimizer, rate and batch (256 for InfoNCE and SoftNN, 64 for the squared error and the Wasserstein distance), its query budgets.
 * The rate falls by one cosine over the training: the code's schedule turns on the number of batches of its whole pool and goes
 * up and down within one training (`schedule=late-cosine`).
 */
const paper: Preset = {
  ...standard,
  id: 'paper',
  version: 2,
  title:
    'The root paper’s settings: ResNet-34, 100 epochs, budgets of 500 to 50 000. Hours on a GPU, weeks on a CPU.',
  attacks: [
    { id: 'no-victim', config: {} },
    { id: 'no-victim', config: { variant: 'own-ssl' } },
    { id: 'direct-extraction', config: {} },
    { id: 'direct-extraction', config: { loss: 'infonce', views: 2 } },
    { id: 'direct-extraction', config: { loss: 'softnn' } },
    { id: 'direct-extraction', config: { loss: 'wasserstein' } },
  ],
  defenses: [[], noise('fresh')],
  budgets: [500, 1000, 5000, 10_000, 50_000],
  accounts: [1],
  seeds: 3,
  surrogate: {
    architecture: 'resnet34',
    inputSize: 32,
    epochs: 100,
    batchSize: 256,
    training: { lossBatch: true },
  },
  furtherSurrogates: [],
};

export const presets: readonly Preset[] = [quick, standard, paper, demo];

/** SHA-256 (hex) of all that a preset decides: what its version stands for. */
export function presetDigest(preset: Preset): string {
  return digestOf({ ...preset, title: null, version: null });
}

export function findPreset(id: string): Preset | undefined {
  return presets.find((preset) => preset.id === id);
}
