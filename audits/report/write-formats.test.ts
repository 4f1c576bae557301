import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { fileNameOf, type ReportContext, type ReportFormat } from './formats/format.ts';
import { findFormats, folderFormats, reportFormats } from './formats/registry.ts';
import { sampleResult } from './result.sample.ts';
import { writeFormats } from './write-formats.ts';

const context: ReportContext = {
  profile: 'engineer',
  writtenAt: '2026-01-03T00:00:00.000Z',
  moatVersion: '0.1.0',
};
const temporaryFolder = (): string => mkdtempSync(path.join(os.tmpdir(), 'moat-formats-'));

test('every format has an id and a file name of its own', () => {
  const names = [...reportFormats.map(fileNameOf), ...folderFormats.map(({ folder }) => folder)];
  const ids = [...reportFormats, ...folderFormats].map(({ id }) => id);
  for (const list of [names, ids]) expect(new Set(list).size).toBe(list.length);
});

test('each file is what its format renders, with the digest of what lies there', async () => {
  const folder = path.join(temporaryFolder(), 'new');
  const files = await writeFormats(sampleResult(), findFormats(['md', 'json', 'md']), context, folder);
  expect(files.map((file) => path.basename(file.path))).toEqual(['report.md', 'result.json']);
  expect(readdirSync(folder).sort()).toEqual(['report.md', 'result.json']);
  expect(JSON.parse(readFileSync(files[1]?.path ?? '', 'utf8'))).toEqual(sampleResult());
});

test('a format that fails leaves the folder as it was', async () => {
  const folder = temporaryFolder();
  const failing: ReportFormat = {
    id: 'failing',
    title: '',
    extension: 'x',
    render: () => Promise.reject(new Error('no')),
  };
  const quick = reportFormats.filter(({ isOnRequest }) => isOnRequest !== true);
  await expect(writeFormats(sampleResult(), [...quick, failing], context, folder)).rejects.toThrow('no');
  expect(readdirSync(folder)).toEqual([]);
});

test('an unknown format is a mistake that names the known ones', () => {
  expect(() => findFormats(['docx'])).toThrow(/"docx" is no format.*json, .*md/);
});
