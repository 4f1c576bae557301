import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const script = path.join(import.meta.dirname, 'main.ts');
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'moat-cli-'));
  writeFileSync(path.join(folder, 'notes.db'), 'These are notes, not a database.');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function moat(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...args], {
      cwd: folder,
      env: { ...process.env, FORCE_COLOR: undefined, NO_COLOR: '1', NODE_OPTIONS: undefined },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

describe.concurrent(
  'what goes wrong is one sentence, what to do and an exit code',
  { timeout: 60_000 },
  () => {
    test.each<[string, readonly string[], number, RegExp]>([
      ['unknown command', ['adit'], 4, /^error: Unknown command 'adit'\.\n-> Did you mean audit\?\n$/],
      [
        'unknown option',
        ['list', '--jsn'],
        4,
        /^error: Unknown option '--jsn'\.\n-> Did you mean --json\?\n$/,
      ],
      ['missing value', ['list', '--db'], 4, /^error: Option '--db <file>' argument missing\.\n-> /],
      ['missing argument', ['inspect'], 4, /^error: Missing required argument 'encoder'\.\n-> /],
      [
        'bad number',
        ['audit', '--seeds', 'three'],
        4,
        /^error: --seeds takes a whole number from 1, not "three"\.\n-> /,
      ],
      ['bad task', ['audit', 'x.onnx', '--task', 'cifar10'], 4, /^error: --task takes NAME=FOLDER/],
      [
        'pool without encoder',
        ['audit', '--pool', '.'],
        4,
        /^error: Name the encoder that --pool and --task are for/,
      ],
      [
        'missing encoder',
        ['audit', 'no.onnx', '--pool', '.', '--task', 'a=.'],
        4,
        /^error: The encoder .*no\.onnx does not exist\.\n-> Check the path\.\n$/s,
      ],
      [
        'missing policy',
        ['demo', '--policy', 'no.json'],
        4,
        /^error: The policy file no\.json does not exist\.\n-> /,
      ],
      ['unknown method', ['demo', '--attacks', 'steal-it'], 4, /^error: .*steal-it.*\n-> /s],
      ['no database', ['show'], 4, /^error: .*moat\.db.*\n-> Check the path\.\n$/s],
      ['a file that is no database', ['list', '--db', 'notes.db'], 2, /^error: .*notes\.db.*\n-> .*--db/s],
    ])('%s', async (_name, args, code, message) => {
      const ended = await moat(...args);
      expect(ended.stderr).toMatch(message);
      expect(ended.stderr).not.toMatch(/\n\s+at /);
      expect(ended.stdout).toBe('');
      expect(ended.code).toBe(code);
    });

    test('with --json the error is one JSON value on stdout, too', async () => {
      const ended = await moat('show', '--json');
      expect(JSON.parse(ended.stdout)).toEqual({
        error: {
          code: 'path-missing',
          message: expect.stringContaining('moat.db') as string,
          hint: 'Check the path.',
        },
      });
      expect(ended.code).toBe(4);
    });
  },
);

describe.concurrent('what is printed', { timeout: 60_000 }, () => {
  test('without a command: the help, with every command and an example', async () => {
    const ended = await moat();
    for (const name of [
      'audit',
      'demo',
      'inspect',
      'resume',
      'cancel',
      'list',
      'show',
      'attacks',
      'defenses',
      'own',
      'doctor',
      'bench',
    ])
      expect(ended.stdout).toMatch(new RegExp(`^ {2}${name} `, 'm'));
    expect(ended.stdout).toContain('Example:');
    expect(ended.code).toBe(0);
  });

  test.each(['attacks', 'defenses'])('%s --json is one array and nothing else', async (command) => {
    const ended = await moat(command, '--json');
    expect(ended.stderr).toBe('');
    const methods = JSON.parse(ended.stdout) as Record<string, unknown>[];
    expect(methods.length).toBeGreaterThan(2);
    for (const method of methods)
      expect(method).toMatchObject({
        id: expect.stringMatching(/^[a-z0-9-]+$/) as string,
        title: expect.any(String) as string,
        summary: expect.any(String) as string,
        reference: { title: expect.any(String) as string, year: expect.any(Number) as number },
        config: { type: 'object' },
      });
    expect(ended.code).toBe(0);
  });
});
