import type { Preset } from '../contract/audit.ts';
import type { SurrogateSettings } from '../contract/method.ts';

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

const standard: Preset = {
  ...quick,
  id: 'standard',
  title: 'All methods at hand up to the policy’s budget, five seeds: a night on two cores.',
  attacks: [
    { id: 'no-victim', config: {} },
    { id: 'no-victim', config: { variant: 'own-ssl' } },
    { id: 'direct-extraction', config: {} },
    { id: 'direct-extraction', config: { loss: 'cosine' } },
    { id: 'direct-extraction', config: { loss: 'infonce' } },
    { id: 'direct-extraction', config: { loss: 'infonce', views: 2 } },
    { id: 'backbone-stitching', config: {} },
    { id: 'repeat-averaging', config: {} },
    { id: 'repeat-averaging', config: { repeats: 16 } },
    { id: 'repeat-averaging', config: { base: 'backbone-stitching' } },
  ],
  budgets: [500, 2000, 5000],
  accounts: [1, 5],
  seeds: 5,
  surrogate: { ...smallCnn, epochs: 20 },
  evaluation: { fitRows: 10_000, scoreRows: 5000, version: 1 },
  canPass: true,
};

export const presets: readonly Preset[] = [quick, standard, demo];

export function findPreset(id: string): Preset | undefined {
  return presets.find((preset) => preset.id === id);
}
