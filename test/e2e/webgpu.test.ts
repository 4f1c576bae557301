import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tryDevice } from '../../audits/devices/try-device.ts';
import { startMoat } from '../helpers/moat.ts';
import { hasSwiftshader, unpackSwiftshader } from '../helpers/swiftshader.ts';
import type { ParityReport } from '../helpers/webgpu-parity.ts';

/** onnxruntime's WebGPU provider on SwiftShader, a driver in software: slow, and the same numbers as a card's. */

if (!hasSwiftshader)
  console.warn(`WebGPU is NOT tested: there is no SwiftShader for ${process.platform}-${process.arch}.`);

/** Software compiles and runs every shader on the cores that everything else needs too. */
const SLOW_MS = 900_000;
const webgpu = { engine: 'onnx', device: 'webgpu' } as const;

describe.skipIf(!hasSwiftshader)('WebGPU without a graphics card', () => {
  let driver: Awaited<ReturnType<typeof unpackSwiftshader>>;
  beforeAll(async () => {
    driver = await unpackSwiftshader();
  });
  afterAll(() => rmSync(driver.folder, { recursive: true, force: true }));

  test(
    'a trial finds the driver, and a training step agrees with the reference engine',
    async () => {
      const { environment } = driver;
      const trial = await tryDevice(webgpu, { environment, timeoutMs: SLOW_MS, withSpeed: false });
      expect(trial).toMatchObject({ usable: true });
      if (trial.usable) expect(Math.max(trial.parity.loss, trial.parity.update)).toBeLessThan(1e-4);
    },
    SLOW_MS,
  );

  test(
    'every loss, optimizer and architecture trains as on the processor, in blocks too, without a word on stderr',
    async () => {
      const { report, stderr } = await parityReport(driver.environment);
      expect(stderr).toBe('');
      expect(Object.keys(report.differences).length).toBeGreaterThan(14);
      for (const [name, { loss, update }] of Object.entries(report.differences)) {
        expect(loss, `${name}: loss`).toBeLessThan(1e-4);
        // Batch norm over a handful of values, as here, magnifies rounding.
        expect(update, `${name}: update`).toBeLessThan(1e-3);
      }
      const [ours, theirs] = report.blocks;
      expect(ours).toHaveLength(theirs.length);
      for (const [step, loss] of ours.entries())
        expect(loss, `step ${step}`).toBeCloseTo(theirs[step] ?? NaN, 4);
      expect(report.product).toBeLessThan(1e-4);
    },
    SLOW_MS,
  );

  test('without the driver the trial says so, and an audit that asks for WebGPU ends with it', async () => {
    const environment = { ...process.env, VK_ICD_FILENAMES: '/nowhere', VK_DRIVER_FILES: '/nowhere' };
    const trial = await tryDevice(webgpu, { environment, timeoutMs: 60_000 });
    // A machine with a card of its own may find it all the same.
    if (trial.usable) return;
    expect(trial.reason).toBe('WebGPU found no graphics adapter with a working driver.');
    const { end } = startMoat(['demo', '--dry-run', '--device', 'webgpu'], { cwd: driver.folder });
    const { code, stderr } = await end;
    expect(code).toBe(2);
    expect(stderr).toMatch(/webgpu cannot be used: WebGPU found no graphics adapter/i);
  });
});

async function parityReport(
  environment: NodeJS.ProcessEnv,
): Promise<{ readonly report: ParityReport; readonly stderr: string }> {
  const entry = path.join(import.meta.dirname, '../helpers/webgpu-parity.ts');
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', entry], {
    env: environment,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`the child process ended with ${String(code)}: ${stderr}`);
  return { report: JSON.parse(stdout) as ParityReport, stderr };
}
