import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newMethod } from '../../build/new/new-method.ts';
import { attackTemplate, defenseTemplate } from '../../build/new/templates.ts';

/** `npm run new` in a copy of the project: what it writes passes its own row of the table, the types and the rules. */

const root = path.join(import.meta.dirname, '../..');
const methods = [
  { family: 'attack', folder: 'attacks', id: 'paper-tiger-2' },
  { family: 'defense', folder: 'defenses', id: 'glass-wall' },
] as const;
let copy: string;

beforeAll(async () => {
  copy = mkdtempSync(path.join(tmpdir(), 'moat-new-'));
  for (const entry of [
    'audits',
    'build',
    'test',
    'docs',
    'package.json',
    'tsconfig.json',
    '.prettierrc.json',
  ])
    cpSync(path.join(root, entry), path.join(copy, entry), { recursive: true });
  symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'), 'junction');
  for (const { family, id } of methods) await newMethod(copy, family, id);
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

function runTool(tool: string, ...args: readonly string[]): string {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [path.join(root, 'node_modules', tool), ...args],
    { cwd: copy, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1', VITEST: undefined } },
  );
  if (status !== 0) throw new Error(`${tool} ended with ${status}:\n${stdout}\n${stderr}`);
  return stdout;
}

test.each(methods)('a new $family passes its own row and its own test', ({ folder, id }) => {
  const folders = `audits/${folder}`;
  runTool(
    'vitest/vitest.mjs',
    'run',
    '--config=build/vitest.config.ts',
    '--project=unit',
    '--reporter=json',
    '--outputFile=report.json',
    `${folders}/${folder}.test.ts`,
    `${folders}/${id}.test.ts`,
    '-t',
    `${id}|registry|setting`,
  );
  const { testResults } = JSON.parse(readFileSync(path.join(copy, 'report.json'), 'utf8')) as {
    testResults: readonly { assertionResults: readonly { fullName: string; status: string }[] }[];
  };
  const results = testResults.flatMap(({ assertionResults }) => assertionResults);
  const ofRow = results.filter(
    ({ fullName, status }) => fullName.startsWith(`${id} `) && status === 'passed',
  );
  expect(ofRow.length).toBeGreaterThanOrEqual(2);
  expect(results.filter(({ status }) => status === 'failed')).toEqual([]);
});

test('types, format and the rules of architecture hold in the copy', () => {
  runTool('typescript/bin/tsc', '-p', 'audits');
  runTool('prettier/bin/prettier.cjs', '--check', 'audits/attacks', 'audits/defenses');
  expect(
    runTool(
      'vitest/vitest.mjs',
      'run',
      '--config=build/vitest.config.ts',
      '--project=unit',
      'test/architecture.test.ts',
      '-t',
      'methods do not import',
    ),
  ).toMatch(/passed/);
});

test.each([
  ['attack', 'direct-extraction', /direct-extraction.ts exists already/],
  ['attack', 'Direct', /"Direct" is no id/],
  ['attack', 'a_b', /is no id/],
  ['attack', '../escape', /is no id/],
  ['defense', 'defenses', /exists already|has a "defenses" already/],
  ['defense', 'find-defense', /has a "findDefense" already/],
] as const)('new %s %s is refused, and nothing is written', async (family, id, message) => {
  const registry = path.join(copy, 'audits', `${family}s`, 'registry.ts');
  const before = readFileSync(registry, 'utf8');
  await expect(newMethod(copy, family, id)).rejects.toThrow(message);
  expect(readFileSync(registry, 'utf8')).toBe(before);
});

test('the command says how it is used, and exits with 4', () => {
  const run = (...args: readonly string[]): { readonly status: number | null; readonly stderr: string } =>
    spawnSync(process.execPath, [path.join(copy, 'build/new.ts'), ...args], { cwd: copy, encoding: 'utf8' });
  expect(run('metric', 'x')).toMatchObject({
    status: 4,
    stderr: expect.stringContaining('npm run new attack|defense'),
  });
  expect(run('attack', 'No')).toMatchObject({ status: 4, stderr: expect.stringContaining('is no id') });
});

test.each([
  ['adding-an-attack.md', attackTemplate('my-attack', 'myAttack', 'My attack')],
  ['adding-a-defense.md', defenseTemplate('my-defense', 'myDefense', 'My defense')],
] as const)('docs/%s ends with the row that is written', (page, { row }) => {
  expect(
    readFileSync(path.join(root, 'docs', page), 'utf8')
      .trimEnd()
      .endsWith(row),
  ).toBe(true);
});
