import { describe, expect, test } from 'vitest';
import { findLoss } from '../losses/registry.ts';
import { trainingRule } from './training-rule.ts';
import { parseSurrogate, spellSurrogate } from './training-settings.ts';

const usual = { inputSize: 16, epochs: 12, batchSize: 32 };

describe('a surrogate as typed', () => {
  test('a name alone says nothing about training, so nothing enters a key', () => {
    expect(parseSurrogate('small-cnn', usual)).toEqual({ architecture: 'small-cnn', ...usual });
  });

  test('values that are the defaults anyway are left out', () => {
    expect(
      parseSurrogate('resnet18:schedule=cosine:warmUpEpochs=0:nesterov=false:lossBatch=false', usual),
    ).toEqual({
      architecture: 'resnet18',
      ...usual,
    });
  });

  test('what differs is kept', () => {
    expect(
      parseSurrogate('resnet18:optimizer=lars:learningRate=0.4:warmUpEpochs=1.5:clipNorm=3', usual),
    ).toEqual({
      architecture: 'resnet18',
      ...usual,
      training: { optimizer: 'lars', learningRate: 0.4, warmUpEpochs: 1.5, clipNorm: 3 },
    });
  });

  test('size, epochs and batch are the preset’s unless named, and only what differs from them is spelled', () => {
    const text = 'small-cnn:batchSize=64:epochs=40:inputSize=32';
    const settings = parseSurrogate(text, usual);
    expect(settings).toEqual({ architecture: 'small-cnn', inputSize: 32, epochs: 40, batchSize: 64 });
    expect(spellSurrogate(settings, usual)).toBe(text);
    expect(spellSurrogate(settings, { ...usual, epochs: 40 })).toBe('small-cnn:batchSize=64:inputSize=32');
    expect(parseSurrogate('small-cnn:inputSize=16:epochs=12', usual)).toEqual(
      parseSurrogate('small-cnn', usual),
    );
  });

  test.each(['own-ssl', 'backbone-frozen', 'backbone-head'] as const)(
    'a beginning of its own is kept, and spelled as it was typed: %s',
    (initialization) => {
      const text = `resnet18:initialization=${initialization}:optimizer=lars`;
      expect(parseSurrogate(text, usual)).toMatchObject({ architecture: 'resnet18', initialization });
      expect(spellSurrogate(parseSurrogate(text, usual), usual)).toBe(text);
    },
  );

  test.each([
    ['small-cnn:initialization=backbone', /backbone-frozen/],
    ['vgg', /small-cnn, resnet18, resnet34/],
    ['small-cnn:optimizer=adagrad', /adam/],
    ['small-cnn:schedule=linear', /cosine/],
    ['small-cnn:learningRate=0', /learningRate/],
    ['small-cnn:clipNorm=-1', /clipNorm/],
    ['small-cnn:momentum=0.9', /no setting "momentum"/],
    ['small-cnn:nesterov=true', /momentum/],
    ['small-cnn:optimizer=adamw:nesterov=true', /momentum/],
    ['small-cnn:warmUpEpochs=12', /12 epochs/],
    ['small-cnn:epochs=5:warmUpEpochs=5', /5 epochs/],
    ['small-cnn:inputSize=4', /inputSize/],
    ['small-cnn:inputSize=96', /inputSize/],
    ['small-cnn:epochs=0.5', /epochs/],
    ['small-cnn:batchSize=1', /batchSize/],
    ['small-cnn+resnet18', /one network/],
  ])('%s is refused with the reason', (text, reason) => {
    expect(() => parseSurrogate(text, usual)).toThrow(reason);
  });
});

describe('the rule of a training', () => {
  const network = { batchSize: 64, learningRateFactor: 3 };
  const { defaults } = findLoss('mse');
  const start = { step: 0, stepsPerEpoch: 10, epochs: 10 };

  test('without settings it is the loss’s own, times the architecture’s factor', () => {
    const rule = trainingRule(defaults, {}, network);
    expect(rule.learningRate).toBe(3e-3);
    expect(rule.rateAt({ ...start, step: 50 })).toBeCloseTo(1.5e-3, 12);
    expect(rule.clipNorm).toBeUndefined();
    expect(Object.keys(rule.optimizer.feeds(0, 1))).toContain('secondCorrection');
  });

  test('another optimizer brings its own usual rate; a named rate is taken as it is', () => {
    expect(trainingRule(defaults, { optimizer: 'lars' }, network).learningRate).toBeCloseTo(0.6, 12);
    expect(trainingRule(defaults, { optimizer: 'lars', learningRate: 2 }, network).learningRate).toBe(2);
    expect(trainingRule(defaults, { learningRate: 2 }, network).learningRate).toBe(2);
  });

  test('schedule and warm-up shape the rate', () => {
    const rule = trainingRule(defaults, { schedule: 'constant', warmUpEpochs: 1, learningRate: 1 }, network);
    expect(rule.rateAt(start)).toBeCloseTo(0.1, 12);
    expect(rule.rateAt({ ...start, step: 99 })).toBe(1);
  });
});
