import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { expect, test } from 'vitest';
import { auditId, exampleConfig, fixedClock } from '../../audits/store/fixtures/example.ts';
import { openStore } from '../../audits/store/open.ts';
import { startMoat } from '../helpers/moat.ts';

/** A device that no machine of this platform has. */
const elsewhere = process.platform === 'darwin' ? 'directml' : 'coreml';

test('an audit whose device is gone does not go on elsewhere, and says what to do', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'moat-gone-'));
  try {
    const store = openStore(path.join(folder, 'moat.db'), { mode: 'write', clock: fixedClock });
    store.audits.create({
      id: auditId('abcd1234'),
      createdAt: '2026-01-01T00:00:00.000Z',
      moatVersion: '0.1.0',
      config: { ...exampleConfig, device: elsewhere },
      environment: {},
    });
    store.close();
    const { code, stderr } = await startMoat(['resume', 'abcd'], { cwd: folder }).end;
    expect(code).toBe(2);
    expect(stderr).toContain(`Audit abcd1234 began with onnx on ${elsewhere}, which is gone`);
    expect(stderr).toContain('start a new audit with --device auto');
    const after = openStore(path.join(folder, 'moat.db'), { mode: 'write', clock: fixedClock });
    expect(after.audits.get(auditId('abcd1234'))?.config.device).toBe(elsewhere);
    after.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('an audit of before there was a choice of devices is one of the processor', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'moat-old-'));
  const store = openStore(path.join(folder, 'moat.db'), { mode: 'write', clock: fixedClock });
  const { device: _, ...config } = exampleConfig;
  store.audits.create({
    id: auditId('old'),
    createdAt: '2026-01-01T00:00:00.000Z',
    moatVersion: '0.1.0',
    config: config as typeof exampleConfig,
    environment: {},
  });
  expect(store.audits.get(auditId('old'))?.config.device).toBe('cpu');
  store.close();
  rmSync(folder, { recursive: true, force: true });
});
