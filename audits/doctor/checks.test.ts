import { expect, test } from 'vitest';
import { checkImages } from './check-images.ts';
import { checkMemory, checkNode, checkPackages, guarded, judgeDisk, ok } from './checks.ts';

test('an old Node is a problem with what to do', () => {
  expect(checkNode('20.11.0')).toMatchObject({
    status: 'problem',
    advice: expect.stringContaining('24') as string,
  });
  expect(checkNode('24.1.0').status).toBe('ok');
});

test('a missing package and one of another version are named', () => {
  const check = checkPackages(
    { a: '1.0.0', b: '2.0.0', c: '3.0.0' },
    (name) => ({ a: '1.0.0', b: '2.0.1' })[name],
  );
  expect(check.status).toBe('problem');
  expect(check.sentence).toBe('b is 2.0.1, not 2.0.0; c is missing, not 3.0.0.');
});

test('a package that is a folder of the project has to be there, in no version', () => {
  const pinned = { own: 'file:audits/own', gone: 'file:audits/gone' };
  const check = checkPackages(pinned, (name) => ({ own: '4.22.0' })[name]);
  expect(check.sentence).toBe('gone is missing.');
});

test('little disk warns, almost none is a problem', () => {
  expect([judgeDisk(1e11), judgeDisk(1e9), judgeDisk(1e7)].map((check) => check.status)).toEqual([
    'ok',
    'warning',
    'problem',
  ]);
});

test('little memory warns', () => {
  expect(checkMemory(8e9, 1e9).status).toBe('warning');
  expect(checkMemory(8e9, 4e9).status).toBe('ok');
});

test('a check that throws becomes a problem in the list', async () => {
  const check = await guarded('engine', 'Run npm ci.', () => Promise.reject(new Error('cannot load')));
  expect(check).toEqual([
    { id: 'engine', status: 'problem', sentence: 'cannot load', advice: 'Run npm ci.' },
  ]);
  expect(await guarded('engine', 'x', () => ok('engine', 'fine'))).toMatchObject([{ status: 'ok' }]);
  expect(await guarded('engine', 'x', () => [ok('a', 'fine'), ok('b', 'fine')])).toHaveLength(2);
});

test('images decode', async () => {
  expect(await checkImages()).toMatchObject({ status: 'ok' });
});
