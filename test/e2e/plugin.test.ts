import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuditResult } from '../../audits/contract/result.ts';
import { firstCodeBlock } from '../helpers/code-blocks.ts';
import { runMoat, startMoat } from '../helpers/moat.ts';
import { makeTinyProject, measurementsOf, type TinyProject } from '../helpers/tiny-project.ts';

/** Methods of a user's own, in files far from the project: the very examples of the documentation. */

const root = path.join(import.meta.dirname, '../..');
const attackSource = firstCodeBlock('adding-an-attack.md');
const defenseSource = firstCodeBlock('adding-a-defense.md');
const battery = [
  '--preset',
  'quick',
  '--budgets',
  '64',
  '--seeds',
  '1',
  '--engine',
  'onnx',
  '--device',
  'cpu',
];
const methods = ['--attacks', 'thrifty-extraction:share=1', '--defenses', 'clipping+rounding'];

let project: TinyProject;
let attackFile: string;
let defenseFile: string;

beforeAll(async () => {
  project = await makeTinyProject();
  attackFile = path.join(project.folder, 'thrifty-extraction.ts');
  defenseFile = path.join(project.folder, 'clipping.ts');
  writeFileSync(attackFile, attackSource);
  writeFileSync(defenseFile, defenseSource);
});
afterAll(() => rmSync(project.folder, { recursive: true, force: true }));

const audit = (database: string, ...more: readonly string[]): string[] => [
  'audit',
  ...project.arguments,
  ...battery,
  '--db',
  database,
  ...more,
];
const plugins = ['--plugin', './thrifty-extraction.ts', '--plugin', 'clipping.ts'];

function cellKeys(database: string): readonly unknown[] {
  const connection = new Database(path.join(project.folder, database), { readonly: true });
  try {
    return connection.prepare('SELECT key FROM cells ORDER BY key').pluck().all();
  } finally {
    connection.close();
  }
}

test('run in the workers, compose with what ships, and are named in the result with their digests', async () => {
  const end = await runMoat(audit('own.db', ...plugins, ...methods, '--json'), { cwd: project.folder });
  expect(end.stderr).not.toMatch(/error/);
  expect(end.code).toBe(0);
  const result = JSON.parse(end.stdout) as AuditResult;
  expect(result.config.plugins).toEqual([
    {
      path: attackFile,
      sha256: createHash('sha256').update(attackSource).digest('hex'),
      attacks: ['thrifty-extraction'],
      defenses: [],
    },
    {
      path: defenseFile,
      sha256: createHash('sha256').update(defenseSource).digest('hex'),
      attacks: [],
      defenses: ['clipping'],
    },
  ]);
  const cell = result.matrix.find(
    ({ attack, defense }) => attack === 'thrifty-extraction:share=1' && defense === 'clipping+rounding',
  );
  expect(cell).toMatchObject({ state: 'done', queriesUsed: 64 });
  expect(result.verdicts.map(({ defense }) => defense)).toContain('clipping+rounding');
});

test('another content is another cell: nothing of the old file is reused', async () => {
  const keys = new Set(cellKeys('own.db'));
  writeFileSync(attackFile, `${attackSource}\n// changed\n`);
  const plan = await runMoat(audit('own.db', ...plugins, ...methods, '--dry-run', '--json'), {
    cwd: project.folder,
  });
  writeFileSync(attackFile, attackSource);
  expect(plan.code).toBe(0);
  const { cells } = JSON.parse(plan.stdout) as {
    cells: readonly { readonly key: string; readonly attackLabel: string | null }[];
  };
  for (const { key, attackLabel } of cells)
    expect(keys.has(key)).toBe(attackLabel?.startsWith('thrifty-extraction') !== true);
});

test('a stopped audit goes on with the same files named again, and not without or with others', async () => {
  const run = startMoat(audit('stopped.db', ...plugins, ...methods, '--workers', '1'), {
    cwd: project.folder,
  });
  await run.waitFor(/plan: /);
  run.process.kill('SIGINT');
  const stopped = await run.end;
  expect(stopped.code).toBe(5);
  expect(stopped.stderr).toContain('--plugin ./thrifty-extraction.ts --plugin clipping.ts');
  const resume = (...more: readonly string[]): ReturnType<typeof runMoat> =>
    runMoat(['resume', '--db', 'stopped.db', ...more], { cwd: project.folder });

  const unnamed = await resume();
  expect(unnamed.code).toBe(4);
  expect(unnamed.stderr).toContain(`add --plugin ${attackFile} --plugin ${defenseFile}`);
  writeFileSync(attackFile, `${attackSource}\n// changed\n`);
  const changed = await resume(...plugins);
  expect(changed.code).toBe(4);
  expect(changed.stderr).toMatch(/thrifty-extraction.ts has changed since this audit began/);
  rmSync(attackFile);
  const gone = await resume(...plugins);
  expect(gone.code).toBe(4);
  expect(gone.stderr).toMatch(/thrifty-extraction.ts, with which this audit began, is gone/);
  writeFileSync(attackFile, attackSource);
  expect((await resume(...plugins)).code).toBe(0);
  expect(measurementsOf(path.join(project.folder, 'stopped.db'))).toEqual(
    measurementsOf(path.join(project.folder, 'own.db')),
  );
});

describe('what is refused', () => {
  const define = (change: string, extra = ''): string =>
    `import { defineDefense, matrix, z } from 'moat/plugin';\n${extra}${defenseSource.slice(defenseSource.indexOf('/** Clips'))}`.replace(
      "id: 'clipping'",
      change,
    );
  test.each<readonly [string, string, RegExp]>([
    ['an id that ships', define("id: 'rounding'"), /The id "rounding" is taken/],
    ['an id that is no id', define("id: 'My Defense'"), /meta.id must be lower-case words with dashes/],
    [
      'a file beside it',
      define("id: 'other'", "import './clipping.ts';\n"),
      /imports .\/clipping.ts: a plugin is one file/,
    ],
    ['no definition', 'export const theft = 1;', /exports neither an attack nor a defense/],
    ['an attack without a run', "export const attack = { meta: { id: 'idle' } };", /defines no attack: /],
    ['broken code', 'export const attack = ;', /could not be loaded/],
    ['a missing package', "import 'no-such-package-of-ours';", /could not be loaded.*no-such-package/],
  ])('%s', async (_name, source, message) => {
    writeFileSync(path.join(project.folder, 'bad.ts'), source);
    const end = await runMoat(['defenses', '--plugin', 'bad.ts'], { cwd: project.folder });
    expect(end.code).toBe(4);
    expect(end.stderr).toMatch(message);
    expect(end.stderr).not.toMatch(/\n {4}at /);
  });

  test('a file that is not there', async () => {
    const end = await runMoat(['attacks', '--plugin', 'nowhere.ts'], { cwd: project.folder });
    expect([end.code, end.stderr]).toEqual([4, expect.stringMatching(/nowhere.ts does not exist/)]);
  });

  test('code that only a settings file names', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'moat-plugin-'));
    writeFileSync(path.join(folder, 'moat.config.json'), JSON.stringify({ plugin: ['x.ts'] }));
    const end = await runMoat(['audit'], { cwd: folder });
    rmSync(folder, { recursive: true });
    expect(end.code).toBe(4);
    expect(end.stderr).toMatch(/plugin/);
  });
});

test.each(['default-export', 'both in one'])('%s is found by its id', async (name) => {
  const source =
    name === 'default-export'
      ? attackSource.replace('export const attack =', 'export default')
      : `${attackSource}\n${defenseSource.slice(defenseSource.indexOf('/** Clips')).replace('const config', 'const band').replace('  config,', '  config: band,')}`.replace(
          'import {',
          'import { defineDefense, matrix,',
        );
  writeFileSync(path.join(project.folder, 'shape.ts'), source);
  const list = async (command: string): Promise<string> =>
    (await runMoat([command, '--json', '--plugin', 'shape.ts'], { cwd: project.folder })).stdout;
  expect(await list('attacks')).toContain('"thrifty-extraction"');
  expect((await list('defenses')).includes('"clipping"')).toBe(name === 'both in one');
});

test('the examples have types in a folder where the package is installed', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'moat-types-'));
  try {
    mkdirSync(path.join(folder, 'node_modules'));
    symlinkSync(root, path.join(folder, 'node_modules', 'moat'));
    writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(path.join(folder, 'attack.ts'), attackSource);
    writeFileSync(path.join(folder, 'defense.ts'), defenseSource);
    const options = {
      target: 'ES2024',
      module: 'nodenext',
      strict: true,
      noEmit: true,
      allowImportingTsExtensions: true,
      resolveJsonModule: true,
      skipLibCheck: true,
      types: ['node'],
      typeRoots: [path.join(root, 'node_modules', '@types')],
    };
    writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options }));
    const check = (): string => {
      try {
        return execFileSync(
          process.execPath,
          [path.join(root, 'node_modules/typescript/bin/tsc'), '-p', folder],
          {
            encoding: 'utf8',
          },
        );
      } catch (error) {
        return String((error as { stdout?: unknown }).stdout);
      }
    };
    expect(check()).toBe('');
    writeFileSync(
      path.join(folder, 'attack.ts'),
      attackSource.replace("training: 'network'", "training: 'magic'"),
    );
    expect(check()).toMatch(/attack.ts.*"magic"/s);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
