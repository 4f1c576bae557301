import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { benchReportSchema } from '../../audits/bench/result.ts';
import { inTemporaryFolder, runMoat, type CommandEnd } from '../helpers/moat.ts';

/** Both benchmark commands at their smallest; no word about how fast anything is. */

const script = path.join(import.meta.dirname, '..', '..', 'build', 'bench', 'main.ts');

function runBench(cwd: string, args: readonly string[]): Promise<CommandEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...args], {
      cwd,
      // No environment made earlier, and none named.
      env: { ...process.env, XDG_CACHE_HOME: cwd, MOAT_BENCH_PYTHON: undefined },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

test('without a Python the bench says so and measures the rest, into JSON and the document', () =>
  inTemporaryFolder(async (folder) => {
    const [json, document] = [path.join(folder, 'bench.json'), path.join(folder, 'bench.md')];
    writeFileSync(document, 'Intro\n<!-- bench:begin -->\n<!-- bench:end -->\n');
    const smallest = '--only training:small-cnn-16px --engines onnx --rounds 1 --seconds 0.01 --threads 1';
    const ended = await runBench(folder, [...smallest.split(' '), '--json', json, '--write', document]);
    expect(ended.code).toBe(0);
    expect(ended.stderr).toContain('No Python was named');
    const report = benchReportSchema.parse(JSON.parse(readFileSync(json, 'utf8')));
    const onnx = report.results[0]?.sides.find(({ name }) => name === 'onnx cpu');
    expect(onnx?.blocks).toHaveLength(1);
    expect(report.notes.join()).toContain('No Python was named');
    expect(readFileSync(document, 'utf8')).toMatch(
      /^Intro\n.*Training small-cnn on 16 pixels.*No Python was named/s,
    );

    const again = await runBench(folder, ['--from', json]);
    expect(again.stdout).toBe(ended.stdout);
  }));

test.each([
  [['--rounds', 'many'], 4, '--rounds takes a whole number from 1'],
  [['--only', 'training:vgg'], 2, 'There is no benchmark "training:vgg"'],
])('%j ends with one sentence', (args, code, sentence) =>
  inTemporaryFolder(async (folder) => {
    const ended = await runBench(folder, args);
    expect(ended.code).toBe(code);
    expect(ended.stderr).toContain(sentence);
    expect(ended.stderr).not.toMatch(/\n {4}at /);
  }),
);

test('moat bench --quick tells speeds and how long a cell takes', () =>
  inTemporaryFolder(async (cwd) => {
    const ended = await runMoat(['bench', '--quick', '--threads', '1', '--json'], { cwd });
    expect(ended.code).toBe(0);
    expect(ended.stderr).toMatch(/1\/3 Training .* left\)/);
    const { quickCell, ...report } = JSON.parse(ended.stdout) as Record<string, unknown>;
    const { results } = benchReportSchema.parse(report);
    expect(results).toHaveLength(3);
    for (const { sides } of results)
      expect(sides.find(({ name }) => name === 'onnx cpu')).toMatchObject({ failure: null, threads: 1 });
    expect(quickCell).toMatchObject({ queries: 2000, epochs: 12, seconds: expect.any(Number) as number });
  }));

test('an encoder that is not there is one sentence', () =>
  inTemporaryFolder(async (cwd) => {
    const ended = await runMoat(['bench', 'no.onnx'], { cwd });
    expect(ended.stderr).toMatch(/^error: There is no encoder at .*no\.onnx\.\n-> /);
    expect(ended.code).toBe(4);
  }));
