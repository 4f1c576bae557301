import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { defineAttack } from '../attacks/define-attack.ts';
import { attackRegistry } from '../attacks/registry.ts';
import { MoatError } from '../contract/errors.ts';
import type { AttackDefinition, DefenseDefinition } from '../contract/method.ts';
import type { PluginFile } from '../contract/plugin.ts';
import { defineDefense } from '../defenses/define-defense.ts';
import { defenseRegistry } from '../defenses/registry.ts';

/**
 * Users' own methods: files of code, named on a command line and never found by looking around. A file is known by its
 * SHA-256, which enters the keys of the cells its methods compute; it must be one file, or the digest would not cover
 * what runs.
 */

/** How a user's file names what it may use; found here wherever the file lies, so that nothing has to be installed. */
const apiSpecifier = 'moat/plugin';
const apiFile = pathToFileURL(path.join(import.meta.dirname, 'api.ts')).href;

/** `import x from './y.ts'`, `export * from '../z.ts'`, `import('./y.ts')`; types are gone before anything runs. */
const LOCAL_IMPORT =
  /(?:^|\n)\s*(?:import|export)\s+(?!type\s)[^'";]*['"](\.[^'"]*)['"]|import\(\s*['"](\.[^'"]*)['"]/;

const meta = z.looseObject({
  id: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, { error: 'must be lower-case words with dashes' }),
  version: z.int().min(1),
  title: z.string().min(1),
  summary: z.string().min(1),
  reference: z.looseObject({ authors: z.string(), title: z.string(), venue: z.string(), year: z.int() }),
});
const settings = z.custom<z.ZodObject>((value) => value instanceof z.ZodObject, {
  error: 'must be a z.object of moat/plugin',
});
const callable = z.custom<(...given: unknown[]) => unknown>((value) => typeof value === 'function', {
  error: 'must be a function',
});
const attackShape = z.looseObject({
  meta: meta.extend({
    knowledge: z.string().min(1),
    requires: z.array(z.enum(['backbone'])),
    training: z.enum(['none', 'closed-form', 'network']),
  }),
  config: settings,
  run: callable,
});
const defenseShape = z.looseObject({
  meta: meta.extend({
    mechanism: z.string().min(1),
    mustFace: z.array(z.string().min(1)).min(1),
    stateful: z.boolean(),
  }),
  config: settings,
  openSession: callable,
});

/** Files this process has loaded, by path. */
const loaded = new Map<string, PluginFile>();
let hooked = false;

/**
 * Loads the files a command line names and registers what they define.
 * @param files absolute paths
 * @throws MoatError `path-missing`, `plugin-invalid`
 */
export async function loadPlugins(files: readonly string[]): Promise<readonly PluginFile[]> {
  const plugins: PluginFile[] = [];
  for (const file of new Set(files)) plugins.push(await loadPlugin(file));
  return plugins;
}

/**
 * Makes an audit's plugins known to this process: the very files with which it began.
 * @throws MoatError `plugin-changed` for one that is gone or has another content
 */
export async function usePlugins(plugins: readonly PluginFile[] = []): Promise<void> {
  for (const { path: file, sha256 } of plugins) {
    const source = read(file);
    if (source === undefined)
      throw new MoatError('plugin-changed', `The plugin ${file}, with which this audit began, is gone.`);
    if (digest(source) !== sha256)
      throw new MoatError('plugin-changed', `The plugin ${file} has changed since this audit began.`);
    await loadPlugin(file);
  }
}

async function loadPlugin(file: string): Promise<PluginFile> {
  const known = loaded.get(file);
  if (known !== undefined) return known;
  const source = read(file);
  if (source === undefined) throw new MoatError('path-missing', `The plugin ${file} does not exist.`);
  const local = LOCAL_IMPORT.exec(source.toString('utf8'));
  if (local !== null)
    throw invalid(file, `imports ${local[1] ?? local[2]}: a plugin is one file, known by its digest`);
  const sha256 = digest(source);
  const { attacks, defenses } = definitionsOf(file, await importPlugin(file));
  for (const attack of attacks) attackRegistry.add(attack, sha256);
  for (const defense of defenses) defenseRegistry.add(defense, sha256);
  const plugin: PluginFile = {
    path: file,
    sha256,
    attacks: attacks.map((attack) => attack.meta.id),
    defenses: defenses.map((defense) => defense.meta.id),
  };
  loaded.set(file, plugin);
  return plugin;
}

async function importPlugin(file: string): Promise<Readonly<Record<string, unknown>>> {
  if (!hooked) {
    hooked = true;
    registerHooks({
      resolve: (specifier, context, next) =>
        specifier === apiSpecifier ? { url: apiFile, shortCircuit: true } : next(specifier, context),
    });
  }
  try {
    return (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw invalid(
      file,
      `could not be loaded: ${error instanceof Error ? error.message : String(error)}`,
      error,
    );
  }
}

/** `attack`, `defense`, or a default export that is either or holds both. */
function definitionsOf(
  file: string,
  exported: Readonly<Record<string, unknown>>,
): { readonly attacks: readonly AttackDefinition[]; readonly defenses: readonly DefenseDefinition[] } {
  const found = [exported['attack'], exported['defense']];
  const main = exported['default'];
  if (isObject(main)) found.push(...('meta' in main ? [main] : [main['attack'], main['defense']]));
  const definitions = [...new Set(found.filter(isObject))];
  if (definitions.length === 0)
    throw invalid(file, 'exports neither an attack nor a defense (as default, `attack` or `defense`)');
  const attacks: AttackDefinition[] = [];
  const defenses: DefenseDefinition[] = [];
  for (const definition of definitions)
    if ('openSession' in definition) {
      check(file, 'defense', defenseShape, definition);
      // The careful base once more: a file that went without it gets its checks all the same.
      defenses.push(defineDefense(definition as unknown as DefenseDefinition));
    } else {
      check(file, 'attack', attackShape, definition);
      attacks.push(defineAttack(definition as unknown as AttackDefinition));
    }
  return { attacks, defenses };
}

function check(file: string, what: string, shape: z.ZodType, definition: unknown): void {
  const issue = shape.safeParse(definition).error?.issues[0];
  if (issue !== undefined)
    throw invalid(file, `defines no ${what}: ${issue.path.map(String).join('.')} ${issue.message}`);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function read(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw invalid(file, 'cannot be read', error);
  }
}

function digest(source: Uint8Array): string {
  return createHash('sha256').update(source).digest('hex');
}

function invalid(file: string, what: string, cause?: unknown): MoatError {
  return new MoatError('plugin-invalid', `The plugin ${file} ${what}.`, { cause });
}
