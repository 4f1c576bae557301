import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { extractAll, listPackage, statFile } from '@electron/asar';
import { FuseV1Options, getCurrentFuseWire } from '@electron/fuses';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findChromium } from '../../audits/report/pdf/chromium.ts';
import { packageConfiguration } from '../../build/electron-builder.ts';
import { packDesktop } from '../../build/package/pack.ts';
import { belongs, type ShippedPackage } from '../../build/package/stage.ts';
import { makeElectronDist } from '../helpers/electron-dist.ts';
import { launchStandIn } from '../helpers/electron-stand-in/launch.ts';

/** The packaged app, made by electron-builder around a stand-in for Electron's program: what is in it, how it is set. */

const canPack = process.platform === 'linux' && process.arch === 'x64';
const hasChromium = await findChromium().then(
  () => true,
  () => false,
);

describe.skipIf(!canPack)('the packaged app', () => {
  let folder: string;
  let resources: string;
  let archive: string;
  let files: readonly string[];
  let packages: readonly ShippedPackage[] = [];
  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'moat-package-'));
    makeElectronDist(path.join(folder, 'electron'));
    await packDesktop({
      target: { platform: 'linux', arch: 'x64' },
      work: path.join(folder, 'work'),
      output: path.join(folder, 'release'),
      onlyFolder: true,
      electronDist: path.join(folder, 'electron'),
      onStaged: (shipped) => void (packages = shipped),
    });
    resources = path.join(folder, 'release', 'linux-unpacked', 'resources');
    archive = path.join(resources, 'app.asar');
    files = listPackage(archive, { isPack: false }).map((file) => file.slice(1));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('its program can be used as nothing but the app', async () => {
    const wire = await getCurrentFuseWire(path.join(folder, 'release', 'linux-unpacked', 'moat'));
    const [off, on] = ['0', '1'].map((state) => state.charCodeAt(0));
    expect(wire).toMatchObject({
      [FuseV1Options.RunAsNode]: off,
      [FuseV1Options.EnableNodeOptionsEnvironmentVariable]: off,
      [FuseV1Options.EnableNodeCliInspectArguments]: off,
      [FuseV1Options.EnableEmbeddedAsarIntegrityValidation]: on,
      [FuseV1Options.OnlyLoadAppFromAsar]: on,
      [FuseV1Options.GrantFileProtocolExtraPrivileges]: off,
    });
  });

  test('holds the built app, its packages, and nothing that built or tests it', () => {
    for (const file of [
      'package.json',
      'electron/main/main.js',
      'electron/preload/preload.cjs',
      'electron/engine/engine.js',
      'electron/engine/worker.js',
      'audits/datasets/decode-worker.js',
      // An engine pack is compiled and tried with these.
      'electron/engine/pack.js',
      'electron/engine/pack-trial.js',
      'node-api/node_api.h',
      'node_modules/@tensorflow/tfjs-node-gpu/binding/tfjs_binding.cc',
      'dist/app/built/index.html',
      'dist/report-renderer/built/report.js',
    ])
      expect(files).toContain(file);
    // The way of plain Node is not in it.
    expect(files).not.toContain('audits/tensor/tensorflow/pack/trial-process.js');
    const manifest = JSON.parse(readFileSync(path.join(folder, 'work/app/package.json'), 'utf8')) as {
      readonly main: string;
      readonly desktopName: string;
    };
    expect(
      existsSync(path.join(folder, 'release/linux-unpacked', path.parse(manifest.desktopName).name)),
    ).toBe(true);
    expect(files).toContain(manifest.main);
    expect(
      files.filter((file) =>
        /\.([cm]?ts|svelte)$|\.test\.|(^|\/)(playwright-core|vite|svelte|electron-builder)\//.test(file),
      ),
    ).toEqual([]);
    expect(
      files.filter((file) => /^node_modules\/(electron|typescript|vitest|@sparticuz)(\/|$)/.test(file)),
    ).toEqual([]);
    for (const each of packages) expect(files, each.name).toContain(`${each.folder}/package.json`);
  });

  test('native parts are of this system alone, and are real files', () => {
    const native = files.filter((file) => /\.(node|so(\.\d+)*|dylib|dll)$/.test(file));
    expect(native.length).toBeGreaterThan(2);
    for (const file of native) {
      expect(file).not.toMatch(/darwin|win32|arm64|musl/);
      expect(statFile(archive, file), file).toMatchObject({ unpacked: true });
      expect(statSync(path.join(resources, 'app.asar.unpacked', file)).size).toBeGreaterThan(1000);
    }
    for (const name of ['better-sqlite3', 'onnxruntime-node'])
      expect(
        native.some((file) => file.includes(`node_modules/${name}/`)),
        name,
      ).toBe(true);
    // Electron's program and sharp's native build do not go together here.
    expect(files.filter((file) => /@img\/sharp-(libvips-)?linux/.test(file))).toEqual([]);
    const decoder = files.find((file) => file.endsWith('.node.wasm')) ?? '';
    expect(decoder).toMatch(/@img\/sharp-wasm32\//);
    expect(statFile(archive, decoder)).toMatchObject({ unpacked: true });
    expect(existsSync(path.join(resources, 'app.asar.unpacked/audits/encoder/demo-encoder.onnx'))).toBe(true);
  });

  test('brings the licence of every package', () => {
    const list = readFileSync(path.join(resources, 'licences.txt'), 'utf8');
    expect(packages.length).toBeGreaterThan(20);
    for (const { name, version, licence } of packages) {
      expect(list).toContain(`${name} ${version} (${licence})`);
      expect(licence, name).not.toBe('unknown');
    }
  });

  test('its icons are pictures of every size', async () => {
    const icons = path.join(folder, 'work', 'icons');
    for (const size of [16, 256, 1024])
      expect(await sharp(path.join(icons, 'png', `${size}x${size}.png`)).metadata()).toMatchObject({
        width: size,
        height: size,
        format: 'png',
      });
    const icns = readFileSync(path.join(icons, 'icon.icns'));
    expect(icns.toString('latin1', 0, 4)).toBe('icns');
    expect(icns.readUInt32BE(4)).toBe(icns.length);
    const ico = readFileSync(path.join(icons, 'icon.ico'));
    expect(ico.readUInt16LE(4)).toBe(7);
    const [lastSize, lastOffset] = [ico.readUInt32LE(6 + 6 * 16 + 8), ico.readUInt32LE(6 + 6 * 16 + 12)];
    expect(lastOffset + lastSize).toBe(ico.length);
  });

  test.skipIf(!hasChromium)(
    'runs from what is in it alone: its engine opens, its worker reads the demo’s encoder',
    async () => {
      // Far from the packages of this project: what is missing here is missing for users.
      const extracted = path.join(folder, 'extracted');
      extractAll(archive, extracted);
      const app = await launchStandIn(
        path.join(extracted, 'electron/main/main.js'),
        path.join(folder, 'user'),
      );
      const page = await app.firstWindow();
      await page.waitForFunction(() => window.moat !== undefined);
      expect(await page.evaluate(() => window.moat?.call('app.hello', {}))).toMatchObject({ ok: true });
      const sheet = await page.evaluate(() =>
        window.moat?.call('encoder.inspect', { path: 'builtin:demo', options: {} }),
      );
      expect(sheet).toMatchObject({ ok: true, value: { auditable: true } });
      expect(await app.close()).toBe(0);
    },
  );
});

const folders = { app: '/app', output: '/out', icons: '/icons', licences: '/licences.txt' };

test('installers: dmg, nsis, AppImage and deb, with the link and the file they open', () => {
  const { mac, win, linux, protocols, fileAssociations, publish } = packageConfiguration(folders);
  expect([mac?.target, win?.target, linux?.target]).toEqual([['dmg'], ['nsis'], ['AppImage', 'deb']]);
  expect(mac?.hardenedRuntime).toBe(true);
  expect(protocols).toMatchObject([{ schemes: ['moat'] }]);
  expect(fileAssociations).toMatchObject([{ ext: 'moat' }]);
  expect(publish).toBeNull();
});

test.each([
  ['onnxruntime-node', 'bin/napi-v6/linux/x64/onnxruntime_binding.node', true],
  ['onnxruntime-node', 'bin/napi-v6/darwin/arm64/onnxruntime_binding.node', false],
  ['onnxruntime-node', 'bin/napi-v6/win32/x64', false],
  ['onnxruntime-node', 'dist/index.js', true],
  ['better-sqlite3', 'prebuilds/linux-x64.node', true],
  ['better-sqlite3', 'prebuilds/win32-x64.node', false],
  ['better-sqlite3', 'deps/sqlite3/sqlite3.c', false],
  ['better-sqlite3', 'lib/index.js', true],
  ['zod', 'index.d.ts', false],
  ['zod', 'LICENSE.md', true],
  ['zod', 'node_modules/other/index.js', false],
] as const)('of %s, whether %s is shipped: %s', (name, file, isShipped) => {
  expect(belongs({ name }, file, { platform: 'linux', arch: 'x64' })).toBe(isShipped);
});
