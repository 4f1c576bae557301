import { expect, test } from 'vitest';
import { parseAttack } from '../attacks/resolve.ts';
import type { SurrogateSettings } from '../contract/method.ts';
import { registeredFacts } from './method-facts.ts';

const network: SurrogateSettings = { architecture: 'small-cnn', inputSize: 16, epochs: 12, batchSize: 32 };
const frozen: SurrogateSettings = { ...network, initialization: 'backbone-frozen' };
const head: SurrogateSettings = { ...network, initialization: 'backbone-head' };

test.each<[attack: string, surrogate: SurrogateSettings, usesBackbone: boolean, isLinear: boolean]>([
  ['direct-extraction', network, false, false],
  ['direct-extraction', { ...network, initialization: 'own-ssl' }, false, false],
  ['direct-extraction', frozen, true, true],
  ['direct-extraction:loss=infonce:views=2', head, true, false],
  ['repeat-averaging', frozen, true, true],
  // Trains nothing of the thief's choice: what it stands on is its own setting.
  ['backbone-stitching', frozen, false, true],
  ['backbone-stitching:features=backbone', network, true, true],
  ['repeat-averaging:base=backbone-stitching', head, false, true],
  ['no-victim', network, false, false],
  ['no-victim:variant=backbone', network, true, false],
])('%s by %o: with a backbone %s, a linear map of features %s', (text, surrogate, usesBackbone, isLinear) => {
  const attack = parseAttack(text);
  expect(registeredFacts.usesBackbone(attack, surrogate)).toBe(usesBackbone);
  expect(registeredFacts.isLinearOnFeatures(attack, surrogate)).toBe(isLinear);
});
