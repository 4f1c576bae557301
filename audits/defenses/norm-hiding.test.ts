import { expect, test } from 'vitest';
import { matrix } from '../contract/data.ts';
import { createRng } from '../rng.ts';
import { calibrateChain, openChainSession, parseChain } from './chain.ts';

test('every reply has length 1 and its direction; the zero vector stays', () => {
  const embeddings = matrix(Float32Array.of(3, 4, -0.3, -0.4, 0, 0), 3, 2);
  const chain = parseChain('norm-hiding');
  const rng = createRng(1);
  const session = openChainSession(chain, calibrateChain(chain, embeddings, rng), 0, rng);
  const { data } = session.reply(embeddings, ['a', 'b', 'c']);
  [0.6, 0.8, -0.6, -0.8, 0, 0].forEach((value, at) => expect(data[at]).toBeCloseTo(value, 6));
});
