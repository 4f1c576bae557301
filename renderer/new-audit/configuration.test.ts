import { describe, expect, test } from 'vitest';
import { idOf, knobsOf, parseStages, spellStages, withValue } from './configuration.ts';

describe('a configuration', () => {
  test.each([
    ['none'],
    ['gaussian-noise:mode=keyed:sigma=0.5'],
    ['b4b+account-transform:family=binary'],
    ['repeat-averaging:base=direct-extraction/loss=cosine'],
  ])('%s is spelled as it was read', (text) => {
    expect(spellStages(parseStages(text))).toBe(text);
  });

  test('settings are sorted, as the engine spells them', () => {
    expect(spellStages([{ id: 'a', values: { z: '1', b: '2' } }])).toBe('a:b=2:z=1');
    expect(idOf('a:b=2')).toBe('a');
  });
});

describe('a JSON Schema of settings', () => {
  const knobs = knobsOf({
    properties: {
      mode: { default: 'fresh', type: 'string', enum: ['fresh', 'keyed'] },
      views: { default: 1, anyOf: [{ const: 1 }, { const: 2 }] },
      tau: { default: 'calibrated', anyOf: [{ type: 'string', const: 'calibrated' }, { type: 'number' }] },
      onset: { default: true, type: 'boolean' },
      bits: { default: 4, type: 'integer', minimum: 1, maximum: 16 },
      step: { type: 'number', exclusiveMinimum: 0 },
      digest: { type: 'string' },
    },
  });

  test('becomes fields of the fitting kind', () => {
    expect(knobs).toEqual([
      { name: 'mode', initial: 'fresh', kind: 'choice', choices: ['fresh', 'keyed'] },
      { name: 'views', initial: '1', kind: 'choice', choices: ['1', '2'] },
      { name: 'tau', initial: 'calibrated', kind: 'text' },
      { name: 'onset', initial: 'true', kind: 'flag' },
      { name: 'bits', initial: '4', kind: 'number', isWhole: true, least: 1, most: 16 },
      { name: 'step', initial: '', kind: 'number', isWhole: false, least: 0, most: null },
    ]);
  });

  test('what is no schema has no fields', () => {
    expect(knobsOf(null)).toEqual([]);
    expect(knobsOf({})).toEqual([]);
  });

  test('a setting that is back at its default is left out', () => {
    const [mode] = knobs;
    if (mode === undefined) throw new Error('no knob');
    const keyed = withValue({ id: 'noise', values: {} }, mode, 'keyed');
    expect(spellStages([keyed])).toBe('noise:mode=keyed');
    expect(spellStages([withValue(keyed, mode, 'fresh')])).toBe('noise');
    expect(spellStages([withValue(keyed, mode, '')])).toBe('noise');
  });
});
