import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import {
  firstDifference,
  GOLDEN_RESULT,
  goldenFolder,
  judgeGolden,
  renderGolden,
} from '../../test/helpers/golden.ts';
import { resultSchema } from './result-schema.ts';
import type { AuditResult } from '../contract/result.ts';

/**
 * Stored measurements give the stored result, and the stored result gives the stored files, byte for byte. Where a change is
 * meant, `npm run golden` writes them anew and says what changed.
 */

const golden = (name: string): string => readFileSync(path.join(goldenFolder, name), 'utf8');

test('the measurements still amount to the golden result', () => {
  expect(
    firstDifference(golden(GOLDEN_RESULT), `${JSON.stringify(judgeGolden(), null, 2)}\n`),
  ).toBeUndefined();
});

test('the golden result still gives every format, byte for byte', async () => {
  const result = JSON.parse(golden(GOLDEN_RESULT)) as AuditResult;
  expect(resultSchema.safeParse(result).success).toBe(true);
  const files = await renderGolden(result);
  expect(files.size).toBeGreaterThan(12);
  for (const [name, text] of files) expect(firstDifference(golden(name), text), name).toBeUndefined();
  // The first page of these sources is compiled here.
}, 600_000);

test('a difference is found where it is', () => {
  expect(firstDifference('a\nb\nc', 'a\nx\nc')).toEqual({ line: 2, before: 'b', after: 'x' });
  expect(firstDifference('a', 'a\nb')).toEqual({ line: 2, before: '(nothing)', after: 'b' });
});
