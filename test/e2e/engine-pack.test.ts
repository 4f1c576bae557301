import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { isTensorflowInstalled } from '../../audits/tensor/tensorflow/installed.sample.ts';
import { enginesFolder } from '../../audits/tensor/tensorflow/pack/folder.ts';
import { isRunning } from '../helpers/is-running.ts';
import { runMoat, startMoat, type RunningCommand } from '../helpers/moat.ts';
import { writePip, writeStandInPip } from '../helpers/stand-in-pip.ts';
import { packsIn, writeTinyPack } from '../helpers/tiny-pack.ts';
import { tensorflowFiles, writeTinyWheel } from '../helpers/tiny-wheel.ts';

/** Installing, listing and removing the tensorflow engine, on wheels made up here. */

let folder: string;
let engines: string;
const inside = (name: string): string => path.join(folder, name);
const given = { MOAT_ENGINES: process.env['MOAT_ENGINES'], CXX: process.env['CXX'] };

function setEnvironment(name: keyof typeof given, value: string | undefined): void {
  if (value === undefined) Reflect.deleteProperty(process.env, name);
  else process.env[name] = value;
}

/** A program in the compiler's place. */
function writeCompiler(name: string, script: string): string {
  writeFileSync(inside(name), `#!/bin/sh\n[ "$1" = --version ] && exit 0\n${script}\n`);
  chmodSync(inside(name), 0o755);
  return inside(name);
}

const isInstalled = isTensorflowInstalled();
const isSupported = process.platform === 'linux' && process.arch === 'x64';

describe.skipIf(!isInstalled)('the installed pack', () => {
  test('is whole, byte by byte', async () => {
    setEnvironment('MOAT_ENGINES', enginesFolder());
    const { code, stdout } = await runMoat(['engine', 'list', '--json'], { cwd: tmpdir() });
    expect(code).toBe(0);
    setEnvironment('MOAT_ENGINES', given.MOAT_ENGINES);
    expect(JSON.parse(stdout)).toContainEqual(
      expect.objectContaining({ engine: 'tensorflow', state: 'ready' }),
    );
  });
});

describe.skipIf(!isSupported)('with made-up wheels', () => {
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'moat-pack-'));
  });
  beforeEach(() => {
    engines = path.join(mkdtempSync(path.join(folder, 'run-')), 'engines');
    setEnvironment('MOAT_ENGINES', engines);
    setEnvironment('CXX', writeCompiler('idle', 'exit 1'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
    for (const name of ['MOAT_ENGINES', 'CXX'] as const) setEnvironment(name, given[name]);
  });

  /** Ended with its test, whatever becomes of that. */
  const begun: RunningCommand[] = [];
  const begin = (args: readonly string[]): RunningCommand => {
    const command = startMoat(args, { cwd: folder });
    begun.push(command);
    return command;
  };
  afterEach(() => begun.splice(0).forEach((command) => command.killGroup()));

  const install = (...args: readonly string[]): ReturnType<typeof runMoat> =>
    runMoat(['engine', 'install', 'tensorflow', ...args], { cwd: folder });

  /** Nothing that looks installed, and nothing half-made either. */
  const expectNothing = (): void => {
    expect(packsIn(engines)).toEqual([]);
  };

  const wrong: readonly (readonly [
    what: string,
    name: string,
    write: (file: string) => void,
    says: RegExp,
  ])[] = [
    ['text', 'text.whl', (file) => writeFileSync(file, 'no zip '.repeat(100)), /text\.whl is not a wheel/],
    [
      'a wheel cut short',
      'short.whl',
      (file) => {
        writeTinyWheel(file);
        writeFileSync(file, readFileSync(file).subarray(0, 200));
      },
      /short\.whl is not a wheel \(it is no zip archive, or only a part of one\)/,
    ],
    [
      'a wheel with other bytes than its record says',
      'misrecorded.whl',
      (file) => writeTinyWheel(file, { misrecorded: ['tensorflow/libtensorflow_cc.so.2'] }),
      /misrecorded\.whl is damaged: tensorflow\/libtensorflow_cc\.so\.2/,
    ],
    [
      'a wheel with damaged bytes inside',
      'damaged.whl',
      (file) => {
        writeTinyWheel(file);
        const bytes = readFileSync(file);
        writeFileSync(file, bytes.fill(0xff, 100, 140));
      },
      /damaged\.whl is damaged/,
    ],
    [
      'the name of a published wheel with other contents',
      'tensorflow_cpu-2.21.0-cp312-cp312-manylinux_2_27_x86_64.whl',
      (file) => writeTinyWheel(file),
      /is not the published file: its SHA-256 is \w{64}, published is dcc8afd3/,
    ],
    [
      'a wheel without one library',
      'incomplete.whl',
      (file) => {
        const { 'tensorflow/libtensorflow_framework.so.2': _left, ...files } = tensorflowFiles;
        writeTinyWheel(file, { files });
      },
      /incomplete\.whl holds no tensorflow\/libtensorflow_framework\.so\.2/,
    ],
    [
      'another package',
      'numpy.whl',
      (file) => writeTinyWheel(file, { project: 'numpy' }),
      /is the package numpy/,
    ],
    [
      'the build for GPUs',
      'gpu.whl',
      (file) => writeTinyWheel(file, { project: 'tensorflow' }),
      /is the build for GPUs; add --gpu/,
    ],
    [
      'a wheel for another system',
      'mac.whl',
      (file) => writeTinyWheel(file, { tag: 'cp312-cp312-macosx_12_0_arm64' }),
      /was made for cp312-cp312-macosx_12_0_arm64, and this is linux-x64/,
    ],
  ];
  test.each(wrong)('%s is refused in one sentence', async (_what, name, write, says) => {
    write(inside(name));
    const { code, stderr } = await install('--from', name);
    expect(code).toBe(2);
    expect(stderr).toMatch(says);
    expect(stderr).not.toMatch(/^ +at /m);
    expectNothing();
  });

  test('a path that is not there, and a folder without a wheel', async () => {
    expect((await install('--from', 'nowhere.whl')).stderr).toContain('There is no file or folder');
    mkdirSync(inside('empty'));
    expect((await install('--from', 'empty')).stderr).toContain('holds no wheel tensorflow_cpu-*.whl');
    expectNothing();
  });

  test('a missing compiler is named before anything is unpacked', async () => {
    writeTinyWheel(inside('whole.whl'));
    setEnvironment('CXX', inside('no-such-compiler'));
    const { code, stderr } = await install('--from', 'whole.whl');
    expect(code).toBe(2);
    expect(stderr).toMatch(/CXX names \(.*no-such-compiler\) does not start/);
    expect(stderr).not.toContain('Unpacking');
    expectNothing();
  });

  test('a build that fails says why and leaves nothing', async () => {
    writeTinyWheel(inside('whole.whl'));
    setEnvironment('CXX', writeCompiler('failing', 'echo "binding.cc:1: error: made up" >&2; exit 1'));
    const { code, stderr } = await install('--from', 'whole.whl');
    expect(code).toBe(2);
    expect(stderr).toContain('Moat does not know whole.whl: it is checked against its own record only.');
    expect(stderr).toMatch(/failing could not build the binding: binding\.cc:1: error: made up/);
    expectNothing();
  });

  test('what was built but does not load is not installed', async () => {
    writeTinyWheel(inside('whole.whl'));
    // The argument after -o is the file to make.
    setEnvironment(
      'CXX',
      writeCompiler('careless', 'while [ "$1" != -o ]; do shift; done; echo "no library" > "$2"'),
    );
    const { code, stderr } = await install('--from', 'whole.whl');
    expect(code).toBe(2);
    expect(stderr).toContain('was built but does not work here');
    expectNothing();
  });

  test('killed in the middle: not installed, and the next command clears up', async () => {
    writeTinyWheel(inside('whole.whl'));
    const started = inside('compiler-pid');
    setEnvironment('CXX', writeCompiler('endless', `echo $$ > '${started}'; exec sleep 600`));
    const running = begin(['engine', 'install', 'tensorflow', '--from', 'whole.whl']);
    await running.waitFor(/Building the binding/);
    await expect.poll(() => existsSync(started) && readFileSync(started, 'utf8').endsWith('\n')).toBe(true);
    running.process.kill('SIGKILL');
    expect((await running.end).signal).toBe('SIGKILL');
    // What was left alone ends too.
    await expect.poll(() => isRunning(Number(readFileSync(started, 'utf8')))).toBe(false);
    expect(packsIn(engines)).toEqual([`.tensorflow-${running.process.pid}`]);
    const list = await runMoat(['engine', 'list', '--json'], { cwd: folder });
    expect(JSON.parse(list.stdout)).toContainEqual(
      expect.objectContaining({ engine: 'tensorflow', state: 'not installed' }),
    );
    const removed = await runMoat(['engine', 'remove', 'tensorflow', '--json'], { cwd: folder });
    expect(JSON.parse(removed.stdout)).toEqual({ engine: 'tensorflow', removed: false });
    expectNothing();
  });

  test.each([
    ['Ctrl-C', 'SIGINT'],
    ['the end of a session', 'SIGTERM'],
  ] as const)('%s cancels it: pip ends, nothing is kept, and one line says so', async (_what, signal) => {
    const pip = writeStandInPip(mkdtempSync(path.join(folder, 'pip-')));
    for (const [name, value] of Object.entries(pip.variables)) vi.stubEnv(name, value);
    const running = begin(['engine', 'install', 'tensorflow']);
    vi.unstubAllEnvs();
    const pids = await pip.started();
    running.process.kill(signal);
    const { code, stdout, stderr } = await running.end;
    expect([code, stdout]).toEqual([5, '']);
    expect(stderr).toMatch(/^stopped: the installation was cancelled, and nothing of it was kept$/m);
    expect(stderr).not.toContain('error');
    await expect.poll(() => pids.some(isRunning)).toBe(false);
    expectNothing();
  });

  /** The command with a stand-in for pip. @param script of a shell, run when something is to be fetched */
  const installWithPip = (script: string): RunningCommand => {
    const variables = writePip(mkdtempSync(path.join(folder, 'pip-')), script);
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
    const running = begin(['engine', 'install', 'tensorflow']);
    vi.unstubAllEnvs();
    return running;
  };
  const published = 'tensorflow_cpu-2.21.0-cp312-cp312-manylinux_2_27_x86_64.whl';

  test.each([
    [
      'an index that cannot be reached',
      `echo "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError(...)': /simple/" >&2
       echo 'ERROR: No matching distribution found for tensorflow-cpu==2.21.0' >&2; exit 1`,
      'Pip could not fetch tensorflow-cpu==2.21.0: the package index could not be reached.',
      'Check the connection to your package index and run the same command again, or name a wheel with --from.',
    ],
    [
      'another file than the published one',
      `for word; do case $word in --dest=*) cp "$TINY_WHEEL" "\${word#--dest=}/${published}"; esac; done`,
      `What pip fetched as ${published} is not the published file: its SHA-256 is `,
      'Check the connection to your package index and run the same command again, or name a wheel with --from.',
    ],
    [
      'a disk that becomes full',
      `echo part > "$TMPDIR/part"; echo 'OSError: [Errno 28] No space left on device' >&2; exit 2`,
      'The tensorflow engine cannot be installed: the disk became full; free some space for ',
      'When that is done, run the same command again.',
    ],
  ])('%s is told in one sentence, with what to do', async (_what, script, says, hint) => {
    writeTinyWheel(inside('tiny.whl'));
    vi.stubEnv('TINY_WHEEL', inside('tiny.whl'));
    const { code, stderr } = await installWithPip(script).end;
    expect(code).toBe(2);
    const [error, advice, ...rest] = stderr.trim().split('\n').slice(-2);
    expect(error).toContain(`error: ${says}`);
    expect([advice, rest]).toEqual([`-> ${hint}`, []]);
    expectNothing();
  });

  test('a disk that becomes full while the binding is built is not taken for a fault of the sources', async () => {
    writeTinyWheel(inside('whole.whl'));
    setEnvironment('CXX', writeCompiler('full', 'echo "ld: error: No space left on device" >&2; exit 1'));
    const { code, stderr } = await install('--from', 'whole.whl');
    expect(code).toBe(2);
    expect(stderr).toContain('cannot be installed: the disk became full; free some space for ');
    expectNothing();
  });

  test('what pip tries again after is told while it does', async () => {
    const running = installWithPip(
      `echo "WARNING: Retrying (Retry(total=4)) after connection broken by 'ReadTimeoutError(...)'" >&2; sleep 600`,
    );
    await running.waitFor(/It had to try again: the package index did not answer in time\./);
    running.process.kill('SIGINT');
    expect((await running.end).code).toBe(5);
    expectNothing();
  });

  test('two at a time: the second says who is at it and harms nothing; whoever was killed is not in the way', async () => {
    const pip = writeStandInPip(mkdtempSync(path.join(folder, 'pip-')));
    for (const [name, value] of Object.entries(pip.variables)) vi.stubEnv(name, value);
    const first = begin(['engine', 'install', 'tensorflow']);
    vi.unstubAllEnvs();
    await pip.started();
    writeTinyWheel(inside('whole.whl'));
    for (const args of [
      ['install', 'tensorflow', '--from', 'whole.whl'],
      ['remove', 'tensorflow'],
    ]) {
      const { code, stderr } = await runMoat(['engine', ...args], { cwd: folder });
      expect(code).toBe(2);
      expect(stderr).toBe(
        `error: The tensorflow engine is being installed by another program (process ${first.process.pid}).
-> Wait until it has ended, or end it there; then run the same command again.
`,
      );
    }
    expect(packsIn(engines)).toEqual([`.tensorflow-${first.process.pid}`]);
    first.process.kill('SIGKILL');
    await first.end;
    expect((await install('--from', 'whole.whl')).stderr).toContain('idle could not build the binding');
    expectNothing();
  });

  test.each([
    ['whole', 'ready', 'libtensorflow 9.9.9 for CPU'],
    ['whale', 'damaged', 'lib/one.so has changed'],
    ['hole', 'damaged', 'lib/one.so has 4 bytes instead of 5'],
  ])('a pack with the contents "%s" is listed as %s', async (contents, state, sentence) => {
    writeTinyPack(engines, contents);
    const { stdout } = await runMoat(['engine', 'list', '--json'], { cwd: folder });
    expect(JSON.parse(stdout)).toContainEqual({
      engine: 'tensorflow',
      state,
      sentence: expect.stringContaining(sentence) as string,
    });
  });

  test('a failed installation keeps the pack that was there; removing it leaves nothing', async () => {
    writeTinyPack(engines);
    writeTinyWheel(inside('whole.whl'));
    expect((await install('--from', 'whole.whl')).code).toBe(2);
    expect(packsIn(engines)).toEqual(['tensorflow']);
    const removed = await runMoat(['engine', 'remove', 'tensorflow'], { cwd: folder });
    expect(removed.stdout).toContain('The tensorflow engine is removed.');
    expectNothing();
  });
});

test('an engine that cannot be installed is a usage error', async () => {
  const { code, stderr } = await runMoat(['engine', 'install', 'onnx'], { cwd: tmpdir() });
  expect(code).toBe(4);
  expect(stderr).toContain('tensorflow');
});
