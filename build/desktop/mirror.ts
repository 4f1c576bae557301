import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import path from 'node:path';

export interface Mirrored {
  /** Source files and what they read beside themselves, relative to the root. */
  readonly files: readonly string[];
  /** Packages that the code imports. */
  readonly packages: readonly string[];
}

/** No packages: parts of Node, Electron itself, and the name under which plugins import what is theirs (audits/plugins). */
const builtIn = /^(?:node:|electron$|moat$)/;
const quoted = /(['"])([^'"\s]+)\1/g;
const imported =
  /(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire(?:\.resolve)?\(\s*|\bresolve\(\s*)(['"])([^'"\s]+)\1/g;

/**
 * Plain JavaScript of all code that some entries reach, file for file in the same folders: Electron's Node need not know
 * TypeScript, and what a file says about its own place stays true. A file counts as reached when another names it, by an
 * import or as a file beside itself (a worker's entry, the demo's encoder).
 */
export function mirror(
  root: string,
  entries: readonly string[],
  into: string,
  /** Files that others take the place of, by name. */
  substitutes: Readonly<Record<string, string>> = {},
): Mirrored {
  const files = new Set<string>();
  const packages = new Set<string>();
  const waiting = [...entries];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (files.has(file)) continue;
    files.add(file);
    const target = path.join(into, file);
    mkdirSync(path.dirname(target), { recursive: true });
    if (!isSource(file)) {
      copyFileSync(path.join(root, file), target);
      continue;
    }
    const code = stripTypeScriptTypes(readFileSync(path.join(root, file), 'utf8'));
    for (const [, , specifier = ''] of code.matchAll(imported))
      if (!specifier.startsWith('.') && !path.isAbsolute(specifier) && !builtIn.test(packageOf(specifier)))
        packages.add(packageOf(specifier));
    writeFileSync(
      target.replace(/\.ts$/, '.js'),
      code.replaceAll(quoted, (text, quote: string, name: string) => {
        const named = path.join(path.dirname(file), name);
        if (!isOwnFile(root, named)) return text;
        const source = named.split(path.sep).join('/');
        const substitute = substitutes[source];
        waiting.push(substitute ?? source);
        const written =
          substitute === undefined ? name : path.posix.relative(path.posix.dirname(file), substitute);
        return `${quote}${written.replace(/\.ts$/, '.js')}${quote}`;
      }),
    );
  }
  return { files: [...files].sort(), packages: [...packages].sort() };
}

function isSource(file: string): boolean {
  return file.endsWith('.ts');
}

/** A file of ours, never one outside these folders or a test. */
function isOwnFile(root: string, file: string): boolean {
  return (
    /^(audits|electron)[/\\]/.test(file) &&
    path.extname(file) !== '' &&
    !file.endsWith('.test.ts') &&
    existsSync(path.join(root, file)) &&
    statSync(path.join(root, file)).isFile()
  );
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
