import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeTextModel, writeTinyEncoder } from '../helpers/tiny-encoder.ts';
import { writeTinyImages } from '../helpers/tiny-images.ts';
import { runMoat } from '../helpers/moat.ts';
import { makeTinyProject, type TinyProject } from '../helpers/tiny-project.ts';

/** Whatever a user hands in: one clear sentence, what to do, the right exit code, no stack trace. */

let project: TinyProject;
const inside = (...parts: readonly string[]): string => path.join(project.folder, ...parts);

beforeAll(async () => {
  project = await makeTinyProject();
  writeFileSync(inside('notes.onnx'), 'this is a text file, not a model\n'.repeat(20));
  writeFileSync(inside('archive.onnx'), Buffer.from('504b0304140000000800', 'hex'));
  writeFileSync(inside('empty.onnx'), '');
  const whole = readFileSync(inside('encoder.onnx'));
  writeFileSync(inside('truncated.onnx'), whole.subarray(0, Math.floor(whole.length * 0.6)));
  writeTinyEncoder(inside('operator.onnx'), { operator: 'Frobnicate' });
  writeTinyEncoder(inside('domain.onnx'), { operator: 'Special', domain: 'com.example' });
  writeTinyEncoder(inside('external.onnx'), { externalData: 'weights.bin' });
  writeTextModel(inside('text.onnx'));
  writeTinyEncoder(inside('nan.onnx'), { factor: Number.NaN });
  writeTinyEncoder(inside('constant.onnx'), { factor: 0 });
  mkdirSync(inside('nothing'));
  writeFileSync(inside('nothing', 'readme.txt'), 'no images here');
  await writeTinyImages(inside('one', 'pictures'), { classes: 1, perClass: 1, seed: 'one' });
  mkdirSync(inside('unlabelled'));
  for (let i = 0; i < 30; i++)
    copyFileSync(inside('pool', 'class-0', `${i}.png`), inside('unlabelled', `${i}.png`));
  await writeTinyImages(inside('lonely'), { classes: 2, perClass: 1, seed: 'lonely' });
  mkdirSync(inside('broken', 'a'), { recursive: true });
  for (let i = 0; i < 5; i++) writeFileSync(inside('broken', 'a', `${i}.jpg`), 'not a picture');
  writeFileSync(inside('letter.db'), 'Dear database,\n'.repeat(500));
  const foreign = new Database(inside('foreign.db'));
  foreign.exec('CREATE TABLE customers (name TEXT)');
  foreign.close();
});
afterAll(() => rmSync(project.folder, { recursive: true, force: true }));

interface BadInput {
  readonly name: string;
  readonly args: readonly string[];
  readonly code: number;
  readonly says: RegExp;
}

const withEncoder = (file: string): readonly string[] => [
  'audit',
  file,
  '--pool',
  'pool',
  '--task',
  't=task',
  '--db',
  'bad.db',
];
const cases: readonly BadInput[] = [
  { name: 'a text file as encoder', args: withEncoder('notes.onnx'), code: 3, says: /not an ONNX/i },
  { name: 'a ZIP as encoder', args: withEncoder('archive.onnx'), code: 3, says: /ZIP/i },
  { name: 'an empty file as encoder', args: withEncoder('empty.onnx'), code: 3, says: /empty/i },
  {
    name: 'a truncated encoder',
    args: withEncoder('truncated.onnx'),
    code: 3,
    says: /truncated|ends early|cut/i,
  },
  { name: 'an unknown operator', args: withEncoder('operator.onnx'), code: 3, says: /Frobnicate/ },
  { name: 'a domain the runtime lacks', args: withEncoder('domain.onnx'), code: 3, says: /com\.example/ },
  { name: 'missing external data', args: withEncoder('external.onnx'), code: 3, says: /weights\.bin/ },
  { name: 'a text model', args: withEncoder('text.onnx'), code: 3, says: /input_ids/ },
  { name: 'NaN embeddings', args: withEncoder('nan.onnx'), code: 3, says: /NaN|not finite/i },
  { name: 'a constant encoder', args: withEncoder('constant.onnx'), code: 3, says: /same vector|constant/i },
  { name: 'a missing encoder', args: withEncoder('absent.onnx'), code: 4, says: /absent\.onnx/ },
  {
    name: 'a pool without images',
    args: ['audit', 'encoder.onnx', '--pool', 'nothing', '--task', 't=task', '--db', 'bad.db'],
    code: 2,
    says: /no images/i,
  },
  {
    name: 'a pool of one image',
    args: ['audit', 'encoder.onnx', '--pool', 'one', '--task', 't=task', '--db', 'bad.db'],
    code: 2,
    says: /\b1 image/,
  },
  {
    name: 'a pool smaller than the budget',
    args: [
      'audit',
      'encoder.onnx',
      '--pool',
      'pool',
      '--task',
      't=task',
      '--budgets',
      '5000',
      '--db',
      'bad.db',
    ],
    code: 2,
    says: /5 ?000/,
  },
  {
    name: 'a pool of broken files',
    args: ['audit', 'encoder.onnx', '--pool', 'broken', '--task', 't=task', '--db', 'bad.db'],
    code: 2,
    says: /decode|read/i,
  },
  {
    name: 'an unlabelled folder as task',
    args: ['audit', 'encoder.onnx', '--pool', 'pool', '--task', 't=unlabelled', '--db', 'bad.db'],
    code: 2,
    says: /label/i,
  },
  {
    name: 'classes with one image each',
    args: ['audit', 'encoder.onnx', '--pool', 'pool', '--task', 't=lonely', '--db', 'bad.db'],
    code: 2,
    says: /image/i,
  },
  {
    name: 'one image as task',
    args: ['audit', 'encoder.onnx', '--pool', 'pool', '--task', 't=one', '--db', 'bad.db'],
    code: 2,
    says: /one image/,
  },
  {
    name: 'a place where no database can be',
    args: [...withEncoder('encoder.onnx'), '--db', '/proc/moat.db'],
    code: 2,
    says: /moat\.db/,
  },
  {
    name: 'a missing pool',
    args: ['audit', 'encoder.onnx', '--pool', 'absent', '--task', 't=task', '--db', 'bad.db'],
    code: 4,
    says: /absent/,
  },
  {
    name: 'no pool at all',
    args: ['audit', 'encoder.onnx', '--task', 't=task', '--db', 'bad.db'],
    code: 4,
    says: /--pool/,
  },
  {
    name: 'no task at all',
    args: ['audit', 'encoder.onnx', '--pool', 'pool', '--db', 'bad.db'],
    code: 4,
    says: /--task/,
  },
  {
    name: 'an unknown attack',
    args: [...withEncoder('encoder.onnx'), '--attacks', 'telepathy'],
    code: 4,
    says: /telepathy/,
  },
  {
    name: 'an unknown setting',
    args: [...withEncoder('encoder.onnx'), '--defenses', 'rounding:digits=2'],
    code: 4,
    says: /digits.*decimals/s,
  },
  {
    name: 'a budget that is no number',
    args: [...withEncoder('encoder.onnx'), '--budgets', 'many'],
    code: 4,
    says: /many/,
  },
  {
    name: 'a database that is none',
    args: [...withEncoder('encoder.onnx'), '--db', 'letter.db'],
    code: 2,
    says: /letter\.db/,
  },
  {
    name: 'a database of another program',
    args: [...withEncoder('encoder.onnx'), '--db', 'foreign.db'],
    code: 2,
    says: /foreign\.db/,
  },
  {
    name: 'a folder as database',
    args: [...withEncoder('encoder.onnx'), '--db', 'pool'],
    code: 2,
    says: /pool/,
  },
  { name: 'an unknown command', args: ['adit'], code: 4, says: /audit/ },
  { name: 'an unknown option', args: ['audit', '--pools', 'x'], code: 4, says: /--pool/ },
];

test.each(cases)('$name', async ({ args, code, says }) => {
  const end = await runMoat(args, { cwd: project.folder });
  expect(end.stderr).toMatch(says);
  expect(end.stderr).not.toMatch(/\n\s+at .*:\d+/);
  expect(end.code).toBe(code);
});

test('a database of a newer version is refused and not touched', async () => {
  const made = await runMoat(
    [
      'audit',
      ...project.arguments,
      '--budgets',
      '16',
      '--attacks',
      'backbone-stitching',
      '--defenses',
      'none',
      '--seeds',
      '1',
      '--db',
      'newer.db',
    ],
    {
      cwd: project.folder,
    },
  );
  expect(made.code).toBe(0);
  const database = new Database(inside('newer.db'));
  database.pragma('user_version = 9999');
  database.pragma('journal_mode = DELETE');
  database.close();
  const before = readFileSync(inside('newer.db'));
  const end = await runMoat(['list', '--db', 'newer.db'], { cwd: project.folder });
  expect(end.code).toBe(2);
  expect(end.stderr).toMatch(/newer/);
  expect(readFileSync(inside('newer.db'))).toEqual(before);
});

test('a foreign database keeps every byte', async () => {
  const before = readFileSync(inside('foreign.db'));
  await runMoat([...withEncoder('encoder.onnx'), '--db', 'foreign.db'], { cwd: project.folder });
  expect(readFileSync(inside('foreign.db'))).toEqual(before);
});
