import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { glossary } from './glossary.ts';

test.each(glossary.map(({ term, definition }) => [term, definition] as const))(
  '%s is told in two sentences',
  (_term, definition) => {
    const segments = [...new Intl.Segmenter('en', { granularity: 'sentence' }).segment(definition)];
    expect(segments).toHaveLength(2);
    expect(definition).toMatch(/\.$/);
  },
);

test('every word of the architecture page is explained', () => {
  const page = readFileSync(path.join(import.meta.dirname, '../../ARCHITECTURE.md'), 'utf8');
  const section = page.slice(page.indexOf('\n## Words\n'));
  const words = [...section.matchAll(/\*\*([^*]+)\*\*/g)].map(([, word = '']) => word);
  expect(words.length).toBeGreaterThan(20);
  const known = new Set(glossary.flatMap(({ term, also }) => [term, ...also]));
  expect(words.filter((word) => !known.has(word))).toEqual([]);
});

test('terms stand in alphabetical order, each once', () => {
  const terms = glossary.map(({ term }) => term.toLowerCase());
  expect(terms).toEqual([...new Set(terms)].sort());
});
