import { expect, expectTypeOf, test } from 'vitest';
import type { z } from 'zod';
import type { AuditResult } from '../contract/result.ts';
import { resultSchema } from './result-schema.ts';
import { sampleResult } from './result.sample.ts';

type Frozen<T> = T extends object ? { readonly [Key in keyof T]: Frozen<T[Key]> } : T;

test('the schema and the contract describe the same result', () => {
  expectTypeOf<Frozen<z.infer<typeof resultSchema>>>().toEqualTypeOf<Frozen<AuditResult>>();
});

test('a result read back from JSON is a result', () => {
  const result = sampleResult();
  expect(resultSchema.parse(JSON.parse(JSON.stringify(result)))).toEqual(result);
});

test('a number that JSON cannot hold is not a result', () => {
  const broken = sampleResult({ cost: { queries: Number.NaN, dollars: 0, elapsedMs: 0 } });
  const parsed = resultSchema.safeParse(JSON.parse(JSON.stringify(broken)));
  expect(parsed.error?.issues[0]?.path).toEqual(['cost', 'queries']);
});

test('a result of another schema version is refused', () => {
  expect(resultSchema.safeParse({ ...sampleResult(), schemaVersion: 1 }).success).toBe(false);
});
