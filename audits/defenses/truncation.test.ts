import { expect, test } from 'vitest';
import { type Matrix, matrix } from '../contract/data.ts';
import { createRng } from '../rng.ts';
import { calibrateChain, openChainSession, parseChain } from './chain.ts';

const embeddings = matrix(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), 2, 4);

function reply(text: string): Matrix {
  const chain = parseChain(text);
  const rng = createRng(1);
  return openChainSession(chain, calibrateChain(chain, embeddings, rng), 0, rng).reply(embeddings, [
    'a',
    'b',
  ]);
}

test('keeps the first dimensions, by number or by share', () => {
  expect([...reply('truncation:dims=3').data]).toEqual([1, 2, 3, 5, 6, 7]);
  expect([...reply('truncation').data]).toEqual([1, 2, 5, 6]);
  expect(reply('truncation:dims=0.01').columns).toBe(1);
  expect(reply('truncation:dims=99').columns).toBe(4);
});

test('what comes after it in a chain sees the shorter vectors', () => {
  expect([...reply('truncation:dims=2+top-k:k=1').data]).toEqual([0, 2, 0, 6]);
});

test.each(['1.5', '0', '-1'])('refuses dims = %s', (dims) => {
  expect(() => parseChain(`truncation:dims=${dims}`)).toThrow(/truncation: dims/);
});
