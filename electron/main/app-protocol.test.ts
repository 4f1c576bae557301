import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { answerFromFolder } from './app-protocol.ts';

let base: string;
let folder: string;
beforeAll(() => {
  base = mkdtempSync(path.join(tmpdir(), 'moat-app-'));
  folder = path.join(base, 'app');
  mkdirSync(path.join(folder, 'assets', 'folder.js'), { recursive: true });
  mkdirSync(path.join(base, 'app-other'));
  writeFileSync(path.join(folder, 'index.html'), '<!doctype html>');
  writeFileSync(path.join(folder, 'assets', 'main.js'), 'export {};');
  writeFileSync(path.join(folder, 'assets', 'main.js.map'), '{}');
  writeFileSync(path.join(base, 'secret.json'), '{"secret": true}');
  writeFileSync(path.join(base, 'app-other', 'secret.json'), '{}');
  symlinkSync(path.join(base, 'secret.json'), path.join(folder, 'assets', 'link.json'));
  symlinkSync(base, path.join(folder, 'outside'));
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

const ask = (address: string, method = 'GET'): Promise<Response> =>
  // As it comes, unlike a Request, which would tidy the path first.
  answerFromFolder({ method, url: address }, folder);

test('files of the built app are answered with their type', async () => {
  const page = await ask('app://moat/');
  expect(page.status).toBe(200);
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(await page.text()).toBe('<!doctype html>');
  const script = await ask('app://moat/assets/main.js?v=1#x');
  expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
});

test.each([
  'app://moat/../secret.json',
  'app://moat/%2e%2e/secret.json',
  'app://moat/%2e%2e%2fsecret.json',
  'app://moat/assets/..%2f..%2fsecret.json',
  'app://moat/..%5csecret.json',
  'app://moat/%252e%252e/secret.json',
  'app://moat//secret.json',
  'app://moat/index.html%00.json',
  'app://moat/%E0%A4%A',
  'app://moat/../app-other/secret.json',
  'app://moat/assets/link.json',
  'app://moat/outside/secret.json',
  'app://moat/assets/main.js.map',
  'app://moat/assets',
  'app://moat/assets/folder.js',
  'app://moat/missing.js',
  'app://elsewhere/index.html',
  'app://moat@elsewhere/index.html',
  'app://moat:80/index.html',
  'file:///etc/hosts.json',
])('%s is no file of the app', async (address) => {
  const answer = await ask(address);
  expect(answer.status).toBe(404);
  expect(await answer.text()).toBe('');
});

test('nothing but reading is answered', async () => {
  expect((await ask('app://moat/', 'POST')).status).toBe(405);
});

test('every answer carries the policy, also one that refuses', async () => {
  for (const address of ['app://moat/', 'app://moat/missing.js']) {
    const { headers } = await ask(address);
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
  }
});
