import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.join(import.meta.dirname, '../..');

test('the check of the components’ types finds a planted error: it does not pass by looking at nothing', () => {
  const result = spawnSync(
    process.execPath,
    [
      path.join(root, 'build/svelte-check/node_modules/svelte-check/bin/svelte-check'),
      '--workspace=test/fixtures/svelte-types',
      '--tsconfig=tsconfig.json',
      '--output=machine',
    ],
    { cwd: root, encoding: 'utf8' },
  );
  expect(result.stdout).toMatch(
    /ERROR "Broken\.svelte" 3:9 "Type 'number' is not assignable to type 'string'/,
  );
  expect(result.status).toBe(1);
});
