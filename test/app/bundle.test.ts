import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { appFiles } from '../../audits/serve/app-files.ts';
import { appPolicy } from '../../audits/serve/app-policy.ts';

/** What the build of the app amounts to. */

const MOST_GZIPPED_BYTES = 400_000;

test('what the first screen loads is under 400 kB gzipped', async () => {
  const folder = await appFiles();
  const page = readFileSync(path.join(folder, 'index.html'), 'utf8');
  const first = [...page.matchAll(/(?:src|href)="\.\/(assets\/[^"]+\.(?:js|css))"/g)].map(([, file]) => file);
  expect(first.length).toBeGreaterThan(1);
  const gzipped = (file: string) => gzipSync(readFileSync(path.join(folder, file))).length;
  const bytes = first.map((file) => gzipped(file ?? '')).reduce((a, b) => a + b, 0);
  expect(bytes).toBeGreaterThan(10_000);
  expect(bytes).toBeLessThan(MOST_GZIPPED_BYTES);
  // Every screen is a file of its own, and even all of them together are no more than that.
  const scripts = readdirSync(path.join(folder, 'assets')).filter((file) => file.endsWith('.js'));
  expect(scripts.length).toBeGreaterThan(7);
  expect(scripts.map((file) => gzipped(`assets/${file}`)).reduce((a, b) => a + b, 0)).toBeLessThan(
    MOST_GZIPPED_BYTES,
  );
});

test('the page states its policy first, and holds no script or style of its own', async () => {
  const page = readFileSync(path.join(await appFiles(), 'index.html'), 'utf8');
  const head = page.slice(page.indexOf('<head>'));
  const policy = /^<head>\s*<meta http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(head)?.[1];
  expect(policy?.replaceAll('&#39;', "'")).toBe(appPolicy);
  expect(page).not.toMatch(/<style|style="|<script(?![^>]*src=)|\son\w+=/);
});
