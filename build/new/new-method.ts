import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { format, resolveConfig } from 'prettier';
import { attackTemplate, defenseTemplate } from './templates.ts';

export const families = {
  attack: { folder: 'attacks', template: attackTemplate },
  defense: { folder: 'defenses', template: defenseTemplate },
} as const;
export type Family = keyof typeof families;

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

/** What a person typed and cannot be done. */
export class NewMethodError extends Error {
  override readonly name = 'NewMethodError';
}

/**
 * Writes a method that runs, its test, its line in the registry and its row in the table of the family's test.
 * @param root folder of the project
 * @returns the files written or changed, relative to `root`
 * @throws NewMethodError for a bad or taken name; nothing is written then
 */
export async function newMethod(root: string, family: Family, id: string): Promise<readonly string[]> {
  if (!NAME.test(id))
    throw new NewMethodError(`"${id}" is no id: lower-case words with dashes between (my-${family}).`);
  const { folder, template } = families[family];
  const home = path.join('audits', folder);
  const name = camelCase(id);
  const { files, entry, row } = template(id, name, titleOf(id));
  const registry = path.join(home, 'registry.ts');
  const table = path.join(home, `${folder}.test.ts`);
  const registryText = readFileSync(path.join(root, registry), 'utf8');
  const taken = files.find((file) => existsSync(path.join(root, home, file.name)));
  if (taken !== undefined) throw new NewMethodError(`${path.join(home, taken.name)} exists already.`);
  if (new RegExp(`\\b${name}\\b`).test(registryText))
    throw new NewMethodError(`${registry} has a "${name}" already.`);
  const written: [string, string][] = [
    ...files.map((file): [string, string] => [path.join(home, file.name), file.text]),
    [registry, withMethod(registryText, folder, `import { ${name} } from './${id}.ts';`, entry)],
    [table, withRow(readFileSync(path.join(root, table), 'utf8'), row)],
  ];
  for (const [file, text] of written) {
    const target = path.join(root, file);
    const options = await resolveConfig(target);
    writeFileSync(target, await format(text, { ...options, filepath: target }));
  }
  return written.map(([file]) => file);
}

/** The import after the last one of its kind, the entry at the end of the family's list. */
function withMethod(registry: string, list: string, importLine: string, entry: string): string {
  const imports = [...registry.matchAll(/^import .* from '\.\/[^']+';$/gm)];
  const last = imports.at(-1);
  const start = registry.indexOf(`export const ${list}:`);
  const end = registry.indexOf(']);', start);
  if (last === undefined || start < 0 || end < 0)
    throw new Error(`the registry of ${list} has no list to add to`);
  const afterImports = last.index + last[0].length;
  const head =
    `${registry.slice(0, afterImports)}\n${importLine}${registry.slice(afterImports, end)}`.trimEnd();
  return `${head}${/[[,]$/.test(head) ? '' : ','}\n  ${entry}\n${registry.slice(end)}`;
}

/** The row at the end of the one table. */
function withRow(test: string, row: string): string {
  const end = test.indexOf('\n];', test.indexOf('\nconst table:'));
  if (end < 0) throw new Error('the test has no table to add a row to');
  return `${test.slice(0, end)}\n  ${row}${test.slice(end)}`;
}

function camelCase(id: string): string {
  return id.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function titleOf(id: string): string {
  const words = id.replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
