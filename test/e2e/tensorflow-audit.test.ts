import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { AuditResult } from '../../audits/contract/result.ts';
import { isTensorflowInstalled } from '../../audits/tensor/tensorflow/installed.sample.ts';
import { enginesFolder } from '../../audits/tensor/tensorflow/pack/folder.ts';
import { runMoat, type CommandEnd } from '../helpers/moat.ts';
import { makeTinyProject, type TinyProject } from '../helpers/tiny-project.ts';

/** A whole audit on the tensorflow engine, chosen in `moat.config.json`. */

const battery = [
  '--preset',
  'quick',
  '--budgets',
  '24',
  '--seeds',
  '1',
  '--attacks',
  'direct-extraction',
  '--defenses',
  'rounding:decimals=0',
  '--json',
];

let project: TinyProject;
beforeAll(async () => {
  project = await makeTinyProject();
  writeFileSync(path.join(project.folder, 'moat.config.json'), JSON.stringify({ engine: 'tensorflow' }));
});
afterAll(() => rmSync(project.folder, { recursive: true, force: true }));

const given = process.env['MOAT_ENGINES'];
afterEach(() => {
  if (given === undefined) Reflect.deleteProperty(process.env, 'MOAT_ENGINES');
  else process.env['MOAT_ENGINES'] = given;
});

function audit(database: string, engines: string): Promise<CommandEnd> {
  process.env['MOAT_ENGINES'] = engines;
  return runMoat(['audit', ...project.arguments, ...battery, '--db', database], { cwd: project.folder });
}

test.skipIf(!isTensorflowInstalled())('completes, and says which engine computed', async () => {
  const { code, stdout, stderr } = await audit('with.db', enginesFolder());
  expect(stderr).not.toMatch(/\n {4}at |oneDNN/);
  expect(code).toBe(0);
  const result = JSON.parse(stdout) as AuditResult;
  expect(result.state).toBe('completed');
  expect(result.matrix.every((cell) => cell.state === 'done')).toBe(true);
  expect(result.config.engine).toBe('tensorflow');
});

test('without the pack it ends at once with the command that installs it', async () => {
  const { code, stderr } = await audit('without.db', mkdtempSync(path.join(project.folder, 'engines-')));
  expect(code).toBe(2);
  expect(stderr).toContain('The tensorflow engine is not installed.');
  expect(stderr).toContain('moat engine install tensorflow');
});
