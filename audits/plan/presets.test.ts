import { expect, test } from 'vitest';
import { completeAttack } from '../attacks/resolve.ts';
import { completeChain } from '../defenses/chain.ts';
import { presetDigest, presets } from './presets.ts';

/**
 * A changed list needs a new version: raise it in the preset, and add a line here. Lines of old versions stay, so that no
 * version ever stands for two lists.
 */
const frozen: Readonly<Record<string, string>> = {
  'quick v1': '2191d6ae4f22e68c',
  'standard v2': '69725469bb8dcc16',
  'paper v1': 'c0f67928211cd8db',
  'demo v1': '849f2db093b1bce8',
};

test('a preset’s version stands for one list', () => {
  const now = Object.fromEntries(
    presets.map((preset) => [`${preset.id} v${preset.version}`, presetDigest(preset).slice(0, 16)]),
  );
  expect(frozen).toMatchObject(now);
  expect(new Set(Object.values(frozen)).size).toBe(Object.keys(frozen).length);
});

test.each(presets)('$id names only methods that exist, with settings they have', (preset) => {
  for (const spec of preset.attacks) expect(completeAttack(spec).id).toBe(spec.id);
  for (const chain of preset.defenses) expect(completeChain(chain)).toHaveLength(chain.length);
});

test('standard tries a network of another size and kind than its first', () => {
  const standard = presets.find(({ id }) => id === 'standard');
  const other = standard?.furtherSurrogates?.map(({ settings }) => settings.architecture) ?? [];
  expect(other.some((architecture) => architecture !== standard?.surrogate.architecture)).toBe(true);
});
