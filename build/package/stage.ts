import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { buildDesktop, notShipped } from '../desktop/build.ts';

const root = path.join(import.meta.dirname, '../..');

export interface Target {
  /** As Node names them. */
  readonly platform: 'linux' | 'darwin' | 'win32';
  readonly arch: 'x64' | 'arm64';
}

/** A package of the app, where it lies among the installed ones. */
export interface ShippedPackage {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  /** From the project's root: `node_modules/NAME`, or deeper. */
  readonly folder: string;
}

/** What nobody needs at run time. */
const leftOut =
  /\.test\.|\.([cm]?ts|map|md|markdown|tsbuildinfo|flow)$|(^|\/)(test|tests|__tests__|docs|example|examples|\.github)(\/|$)/i;
const keptAnyway = /(^|\/)(licen[cs]e|notice|copying)[^/]*$/i;

/**
 * Lays out the app as a package holds it: our built code, and of the installed packages those that it imports, with what
 * they import, without the binaries of other systems.
 */
export async function stageApp(
  folder: string,
  target: Target,
  say?: (line: string) => void,
): Promise<readonly ShippedPackage[]> {
  const { packages } = await buildDesktop(folder, say);
  const shipped = closureOf([...packages, ...imagePackages(target)]).filter(({ name }) =>
    isForTarget(name, target),
  );
  for (const each of shipped) {
    const into = path.join(folder, each.folder);
    mkdirSync(path.dirname(into), { recursive: true });
    const from = realpathSync(path.join(root, each.folder));
    cpSync(from, into, {
      recursive: true,
      filter: (file) => belongs(each, path.relative(from, file).split(path.sep).join('/'), target),
    });
  }
  return shipped;
}

/** On Linux sharp's native build does not go with Electron's program, see electron/engine/sharp.ts. */
function imagePackages({ platform }: Target): readonly string[] {
  return platform === 'linux' ? ['@img/sharp-wasm32'] : [];
}

function isForTarget(name: string, { platform }: Target): boolean {
  return platform !== 'linux' || !/^@img\/sharp-(libvips-)?linux/.test(name);
}

/** Whether a file of a package is shipped. A package inside a package is one of its own, if it is needed. */
export function belongs({ name }: Pick<ShippedPackage, 'name'>, file: string, target: Target): boolean {
  if (file === '') return true;
  if (/(^|\/)node_modules(\/|$)/.test(file)) return false;
  const binary = binaryFolders[name]?.(file);
  if (binary !== undefined) return binary === `${target.platform}-${target.arch}`;
  return keptAnyway.test(file) || !leftOut.test(file);
}

/** For packages that carry binaries of several systems: whose a file is; `none` for what only builders need. */
const binaryFolders: Readonly<Record<string, (file: string) => string | undefined>> = {
  'onnxruntime-node': (file) => {
    const [, platform, arch] = /^bin\/napi-v\d+\/(\w+)\/(\w+)(?:\/|$)/.exec(file) ?? [];
    return platform === undefined ? undefined : `${platform}-${arch}`;
  },
  'better-sqlite3': (file) => {
    if (/^(deps|src|binding\.gyp)(\/|$)/.test(file)) return 'none';
    return /^prebuilds\/(\w+-\w+)\.node$/.exec(file)?.[1];
  },
};

/** Packages that some names stand for, with all that they depend on, as Node finds them. */
export function closureOf(names: readonly string[]): readonly ShippedPackage[] {
  const found = new Map<string, ShippedPackage>();
  const waiting = names.map((name) => ({ name, from: '.', isOptional: false }));
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (notShipped.has(next.name)) continue;
    const folder = locate(next.name, next.from);
    if (folder === undefined) {
      if (next.isOptional) continue;
      throw new Error(`${next.name}, which ${next.from} needs, is not installed`);
    }
    if (found.has(folder)) continue;
    const manifest = manifestOf(folder);
    found.set(folder, {
      name: next.name,
      version: manifest.version,
      licence: licenceOf(manifest),
      folder,
    });
    // A peer is for whoever installs to bring: what is not there is not missed.
    const optional = { ...manifest.optionalDependencies, ...manifest.peerDependencies };
    for (const name of Object.keys({ ...manifest.dependencies, ...optional }))
      waiting.push({ name, from: folder, isOptional: name in optional });
  }
  return [...found.values()].sort((one, other) => (one.folder < other.folder ? -1 : 1));
}

interface Manifest {
  readonly version: string;
  readonly license?: string | { readonly type?: string };
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8')) as Manifest;
}

function licenceOf({ license }: Manifest): string {
  return (typeof license === 'string' ? license : license?.type) ?? 'unknown';
}

/** Where Node finds a package, going up from the one that asks. */
function locate(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = path.posix.dirname(folder)) {
    if (path.posix.basename(folder) !== 'node_modules') {
      const candidate = path.posix.join(folder, 'node_modules', name);
      if (existsSync(path.join(root, candidate, 'package.json'))) return candidate;
    }
    if (folder === '.') return undefined;
  }
}

/** The text of a package's licence; undefined where it brings none. */
export function licenceText(folder: string): string | undefined {
  const name = readdirSync(path.join(root, folder)).find((each) => /^(licen[cs]e|copying)/i.test(each));
  return name === undefined ? undefined : readFileSync(path.join(root, folder, name), 'utf8');
}
