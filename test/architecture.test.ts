import { readFileSync } from 'node:fs';
import { globSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

/** Who may import whom (ARCHITECTURE.md): a table of rules over the import lines of every source file. */

const root = path.join(import.meta.dirname, '..');

interface ImportLine {
  readonly file: string;
  readonly specifier: string;
  /** Path of an own file from the root, or the package's name. */
  readonly target: string;
  readonly typeOnly: boolean;
}

const sources = globSync('{audits,build,electron,renderer}/**/*.{ts,svelte}', { cwd: root })
  .map((file) => file.split(path.sep).join('/'))
  .filter((file) => !file.endsWith('.test.ts') && !file.includes('/node_modules/'));

const importPattern =
  /(?:^|\n)\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/g;

function importsOf(file: string): readonly ImportLine[] {
  const text = readFileSync(path.join(root, file), 'utf8');
  return [...text.matchAll(importPattern)].map((match) => {
    const specifier = match[2] ?? match[3] ?? '';
    const target = specifier.startsWith('.')
      ? path.posix.join(path.posix.dirname(file), specifier)
      : specifier
          .split('/')
          .slice(0, specifier.startsWith('@') ? 2 : 1)
          .join('/');
    return { file, specifier, target, typeOnly: match[1] !== undefined };
  });
}

const imports = sources.flatMap(importsOf);
const within = (folder: string) => (file: string) => file.startsWith(`${folder}/`);
const breaks = (rule: (line: ImportLine) => boolean): readonly string[] =>
  imports.filter(rule).map((line) => `${line.file} imports ${line.specifier}`);

test('the rules look at real imports', () => {
  expect(imports.length).toBeGreaterThan(100);
});

test('contract imports nothing of ours at run time', () => {
  expect(
    breaks(
      (line) => within('audits/contract')(line.file) && !line.typeOnly && line.specifier.startsWith('..'),
    ),
  ).toEqual([]);
});

test('the bridge has one entry: what its concerns are cut into is its own affair', () => {
  expect(
    breaks(
      (line) =>
        within('audits/contract/bridge')(line.target) &&
        !within('audits/contract/bridge')(line.file) &&
        line.file !== 'audits/contract/bridge.ts',
    ),
  ).toEqual([]);
});

test('audits knows neither Electron nor the renderer', () => {
  expect(
    breaks(
      (line) =>
        within('audits')(line.file) &&
        (/^(electron|renderer)\//.test(line.target) || line.target === 'electron'),
    ),
  ).toEqual([]);
});

test('serve is used by the command line and does not know it', () => {
  expect(breaks((line) => within('audits/serve')(line.file) && within('audits/cli')(line.target))).toEqual(
    [],
  );
  const others = breaks(
    (line) =>
      within('audits/serve')(line.target) && !/^(audits\/(serve|cli)|electron|build)\//.test(line.file),
  );
  expect(others).toEqual([]);
});

test('Electron’s main process and preload script are glue: of the engine they know the contract alone', () => {
  expect(
    breaks(
      (line) =>
        /^electron\/(main|preload)\//.test(line.file) &&
        within('audits')(line.target) &&
        !within('audits/contract')(line.target) &&
        // What a page may do, and what it is told of an error, is the same for both hosts.
        line.target !== 'audits/serve/app-policy.ts' &&
        line.target !== 'audits/serve/window-hints.ts',
    ),
  ).toEqual([]);
});

test('only the main process and the preload script import Electron: utility processes are Node with a port', () => {
  expect(
    breaks(
      (line) =>
        line.target === 'electron' && !/^electron\/(main\/main|preload\/preload)\.ts$/.test(line.file),
    ),
  ).toEqual([]);
});

test('renderer knows types of the contract and of the report’s data, and nothing else of the engine', () => {
  expect(
    breaks(
      (line) =>
        within('renderer')(line.file) &&
        /^(audits|electron|build)\//.test(line.target) &&
        !(/^audits\/(contract|report)\//.test(line.target) && line.typeOnly) &&
        // Pages and terminals round the same numbers, and call no defense the same: one way.
        line.target !== 'audits/contract/rounding.ts' &&
        line.target !== 'audits/contract/defense-name.ts' &&
        // How a text from outside is cleaned is the same wherever it is shown.
        !(line.file === 'renderer/text/page-text.ts' && line.target === 'audits/contract/clean-text.ts'),
    ),
  ).toEqual([]);
});

test('the report is made without the app: it is a file that nobody’s engine stands behind', () => {
  const ofApp = /^renderer\/(app|bridge|controls|routes|state|strings)\//;
  expect(
    breaks(
      (line) =>
        /^renderer\/(report|charts|text)\//.test(line.file) && ofApp.test(line.target) && !line.typeOnly,
    ),
  ).toEqual([]);
});

/** Folders of the renderer, and those they may take code from besides themselves. */
const floors: readonly (readonly [folder: string, below: readonly string[]])[] = [
  ['text', []],
  ['charts', ['text', 'components']],
  ['components', ['text']],
  ['report', ['text', 'charts', 'components', 'compare']],
  ['compare', ['text', 'charts', 'components']],
  ['bridge', ['strings']],
  ['strings', ['text']],
  ['state', ['text', 'strings', 'bridge']],
  ['controls', ['text', 'components', 'strings', 'bridge', 'state']],
];
test.each(floors)('renderer/%s takes code from no folder above it', (folder, below) => {
  const own = `renderer/${folder}`;
  expect(
    breaks(
      (line) =>
        within(own)(line.file) &&
        !line.typeOnly &&
        /^renderer\/[^/]+\//.test(line.target) &&
        ![folder, ...below].some((allowed) => within(`renderer/${allowed}`)(line.target)),
    ),
  ).toEqual([]);
});

test('the frame around the screens is known to nobody but itself', () => {
  expect(
    breaks(
      (line) =>
        within('renderer')(line.file) &&
        within('renderer/app')(line.target) &&
        !within('renderer/app')(line.file),
    ),
  ).toEqual([]);
});

test('what the screens stand on knows the places of the app, and none of its screens', () => {
  expect(
    breaks(
      (line) =>
        within('renderer')(line.file) &&
        within('renderer/routes')(line.target) &&
        !within('renderer/routes')(line.file) &&
        line.file !== 'renderer/app/routes.ts',
    ),
  ).toEqual([]);
  const ofRoutes = imports.filter(({ target }) => target === 'renderer/app/routes.ts');
  expect(ofRoutes.map(({ file }) => file)).toEqual(['renderer/app/Screen.svelte']);
});

test('the app asks the engine through its bridge alone', () => {
  const callers = sources
    .filter(within('renderer'))
    .filter((file) =>
      /\bfetch\(|EventSource|WebSocket|XMLHttpRequest|window\.moat\b/.test(
        readFileSync(path.join(root, file), 'utf8'),
      ),
    );
  expect(callers.filter((file) => !within('renderer/bridge')(file))).toEqual(['renderer/app/main.ts']);
});

test('nobody imports the renderer: it is built, and its build is loaded', () => {
  expect(
    breaks(
      (line) =>
        within('renderer')(line.target) &&
        !within('renderer')(line.file) &&
        // The preload script makes what the app's bridge describes.
        !(
          within('electron/preload')(line.file) &&
          line.target === 'renderer/bridge/window.ts' &&
          line.typeOnly
        ),
    ),
  ).toEqual([]);
  expect(sources.filter(within('renderer')).length).toBeGreaterThan(20);
});

/** The files a family's registry lists: its methods. */
function methodsOf(folder: string): ReadonlySet<string> {
  const registry = `audits/${folder}/registry.ts`;
  const listed = imports
    .filter((line) => line.file === registry && !line.typeOnly)
    .map((line) => line.target);
  return new Set(listed.filter((file) => within(`audits/${folder}`)(file)));
}

const methodFolders = [
  'augment',
  'attacks',
  'defenses',
  'metrics',
  'losses',
  'optimizers',
  'learning-rates',
  'query-policies',
  'checks',
  'surrogates',
  'ownership',
];
test.each(methodFolders)('%s: methods do not import each other; only the registry lists them', (folder) => {
  const methods = methodsOf(folder);
  expect(methods.size).toBeGreaterThan(1);
  expect(breaks((line) => methods.has(line.file) && methods.has(line.target) && !line.typeOnly)).toEqual([]);
});

const families = ['attacks', 'defenses', 'metrics', 'ownership'];
test.each(families)('%s imports no other family of methods', (folder) => {
  const others = families.filter((other) => other !== folder);
  expect(
    breaks(
      (line) =>
        within(`audits/${folder}`)(line.file) &&
        others.some((other) => within(`audits/${other}`)(line.target)),
    ),
  ).toEqual([]);
});

const onlyImporters: readonly (readonly [packageName: RegExp, allowed: RegExp])[] = [
  [/^better-sqlite3$/, /^audits\/store\//],
  [/^(onnxruntime-node|@tensorflow\/.*)$/, /^audits\/tensor\//],
  [/^electron$/, /^electron\//],
  // Icons are drawn, and pictures of screens made small, by scripts.
  [/^sharp$/, /^(audits\/datasets\/sharp\.ts|electron\/engine\/sharp\.ts|build\/)/],
  [/^@cornerstonejs\/.*$/, /^audits\/datasets\//],
  [/^(electron-builder|@electron\/.*)$/, /^build\/(package\/|electron-builder\.ts)/],
  [/^(protobufjs|yauzl)$/, /^audits\/tensor\//],
  [/^ml-matrix$/, /^audits\/tensor\/linear-algebra\//],
  [/^commander$/, /^audits\/cli\//],
  [/^(p-queue|p-retry|@hyperjump\/json-pointer)$/, /^audits\/endpoint\//],
  // The network: a service named by the user, windows of this machine, and nothing else.
  [/^(node:)?(http|https|http2|net|tls|dgram|undici)$/, /^audits\/(endpoint|serve\/http)\//],
  [/^cli-table3$/, /^(audits\/cli|build)\//],
  [/^playwright-core$/, /^(audits\/report|test|build)\//],
  [/^pdf-lib$/, /^audits\/report\//],
  [/^(svelte|@fontsource\/.*)$/, /^renderer\//],
  [/^(bits-ui|@tanstack\/virtual-core)$/, /^renderer\/(controls|routes)\//],
  [/^d3-(scale|shape)$/, /^renderer\/charts\//],
  [/^(vite|@sveltejs\/.*)$/, /^build\//],
];
test.each(onlyImporters)('%s has one importer: %s', (packageName, allowed) => {
  expect(breaks((line) => packageName.test(line.target) && !allowed.test(line.file))).toEqual([]);
});

test('only one file calls fetch', () => {
  const calls = sources
    .filter((file) => within('audits')(file))
    .filter((file) => /(?<![\w.'`])fetch\(/.test(readFileSync(path.join(root, file), 'utf8')));
  expect(calls).toEqual(['audits/endpoint/attempt.ts']);
});

test('only the command line and the report read the store’s opening functions besides the runner', () => {
  expect(
    breaks(
      (line) =>
        // The lock is one on any file, and opens no store.
        /^audits\/store\/(?!types|file-lock)/.test(line.target) &&
        !line.typeOnly &&
        // The battery reads what its own audits stored, as `moat show` does.
        !/^(audits\/(store|cli|run|serve|doctor)|build\/battery)\//.test(line.file),
    ),
  ).toEqual([]);
});
