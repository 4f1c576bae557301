import { readFileSync } from 'node:fs';
import path from 'node:path';

/** The first TypeScript block of a page under docs/: what readers copy is what tests run. */
export function firstCodeBlock(page: string): string {
  const text = readFileSync(path.join(import.meta.dirname, '../../docs', page), 'utf8');
  const block = /```ts\n([\s\S]*?)```/.exec(text)?.[1];
  if (block === undefined) throw new Error(`docs/${page} has no TypeScript block`);
  return block;
}
