import { expect, test } from 'vitest';
import { createRng } from '../rng.ts';
import { parameterCount } from '../surrogates/parameters.ts';
import { findArchitecture } from '../surrogates/registry.ts';
import { trainingMethodIds } from './choices.ts';
import { trainingPreset } from './presets.ts';

test('the paper’s preset is the victim of section 1.1 of the specification', () => {
  const preset = trainingPreset('paper', 'simclr');
  expect(preset).toMatchObject({ batchSize: 256, epochs: 200, dimension: 512, inputSize: 32 });
  expect(preset.rule).toEqual({
    optimizer: 'adam',
    learningRate: 3e-4,
    weightDecay: 1e-4,
    schedule: 'cosine',
  });
  const { weights } = findArchitecture(preset.architecture).initialize(createRng(0), preset.dimension, 32);
  expect(parameterCount(weights)).toBe(21_276_992);
  // Linear(512, 512), Linear(512, 128), biases on.
  expect(parameterCount(preset.method.head(createRng(0), 512, 0))).toBe(512 * 512 + 512 + 512 * 128 + 128);
});

test('the small preset has every method at its own rate; the paper’s has SimCLR alone', () => {
  for (const id of trainingMethodIds)
    expect(trainingPreset('small', id)).toMatchObject({
      architecture: 'small-cnn',
      method: { id },
      rule: {},
    });
  expect(() => trainingPreset('paper', 'simsiam')).toThrow(/paper is for simclr/);
});
