import { mkdtempSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { requireBuildTools, requireFolder, requireSpace, thisProcess } from './requirements.ts';

const refusal = (says: RegExp): Error =>
  expect.objectContaining({
    code: 'engine-requirement-missing',
    message: expect.stringMatching(says) as string,
  }) as Error;

test('another system is named before anything else is looked for', () => {
  expect(() => requireBuildTools({ ...thisProcess, platform: 'darwin-arm64' })).toThrow(
    refusal(/on Linux x64 only, and this is darwin-arm64/),
  );
});

test.runIf(thisProcess.platform === 'linux-x64')(
  'without any compiler the message says what to install',
  () => {
    expect(() => requireBuildTools({ ...thisProcess, environment: { PATH: '/nowhere' } })).toThrow(
      refusal(/no C\+\+ compiler.*apt install g\+\+/),
    );
  },
);

test.runIf(process.platform === 'linux')('a disk with too little space is named with both numbers', () => {
  expect(() => requireSpace('/proc', 'cpu')).toThrow(
    refusal(/1\.5 GB of free space are needed in \/proc, and 0\.0 GB/),
  );
});

test('a folder that cannot be made is named, with what to do', () => {
  const file = path.join(mkdtempSync(path.join(os.tmpdir(), 'moat-engines-')), 'file');
  writeFileSync(file, '');
  expect(() => requireFolder(path.join(file, 'engines'))).toThrow(
    refusal(/file\/engines cannot be written; make it writable, or name another folder with MOAT_ENGINES/),
  );
});
