import { MoatError } from '../contract/errors.ts';
import type { PluginFile } from '../contract/plugin.ts';
import { resolvePath, type CommandContext } from './context.ts';

/**
 * A database names code, but only a command line makes it run: whoever goes on with an audit names its plugins again.
 * Whether they are the same files is seen when they are loaded.
 * @throws MoatError `usage`
 */
export function requirePlugins(
  context: Pick<CommandContext, 'folder'>,
  stored: readonly PluginFile[] = [],
  named: readonly string[],
): void {
  const files = new Set(named.map((file) => resolvePath(context, file)));
  const missing = stored.filter((plugin) => !files.has(plugin.path));
  if (missing.length === 0) return;
  throw new MoatError(
    'usage',
    `This audit uses code of yours, which runs only when you name it: add ${missing.map((plugin) => `--plugin ${plugin.path}`).join(' ')}.`,
  );
}
