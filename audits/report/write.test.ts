import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { MoatError } from '../contract/errors.ts';
import { sampleResult } from './result.sample.ts';
import { writeReport } from './write.ts';

const temporaryFolder = (): string => mkdtempSync(path.join(os.tmpdir(), 'moat-report-'));

test('the result is written whole, replaces an older one and leaves nothing else behind', () => {
  const folder = path.join(temporaryFolder(), 'new', 'folder');
  writeReport(sampleResult(), folder);
  const [file = ''] = writeReport(sampleResult({ auditId: 'second' }), folder);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(sampleResult({ auditId: 'second' }));
  expect(readdirSync(folder)).toEqual(['result.json']);
});

test('a hostile name steers no terminal that shows the file, and is read back as it was', () => {
  const hostile = 'a\u001b[2Jb\u009b31mc\u202egnp\u0007\u2028\u200bd\u007f';
  const result = sampleResult({ headline: hostile, environment: { [hostile]: hostile } });
  const [file = ''] = writeReport(result, temporaryFolder());
  const text = readFileSync(file, 'utf8');
  expect(text).toMatch(/^[\n -~]*$/);
  expect(JSON.parse(text)).toEqual(result);
});

test('a folder that cannot be made is named, and said to cost nothing', () => {
  const file = path.join(temporaryFolder(), 'a-file');
  writeFileSync(file, '');
  const folder = path.join(file, 'report');
  const write = (): unknown => writeReport(sampleResult(), folder);
  expect(write).toThrow(MoatError);
  expect(write).toThrow(/a-file.*safe in the database/);
});
