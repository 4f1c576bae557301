import { cleanText } from '../../contract/clean-text.ts';

/**
 * Text for GitHub-flavored Markdown. Names come from file names, models and other people's code: none may become a link, an
 * image, HTML, a mention of somebody or a cell of its own.
 */

/** A sentence as running text: every character that Markdown reads stands for itself. */
export function markdownText(text: string): string {
  return (
    cleanText(text)
      .replaceAll(/[\\`*_{}[\]<>()#|~&$!]/g, String.raw`\$&`)
      // What begins a list at the start of a line.
      .replace(/^(\s*)([-+])(?=\s|$|[-+])/, String.raw`$1\$2`)
      .replace(/^(\s*\d+)([.)])(?=\s|$)/, String.raw`$1\$2`)
      // Autolinks are made from plain text: the backslash parts what they look for.
      .replaceAll(/:(?=\/\/)/g, String.raw`\:`)
      .replaceAll(/\bwww\./gi, (found) => `${found.slice(0, -1)}${String.raw`\.`}`)
      // A mention notifies a person and no escape prevents it: an invisible joiner parts the sign from the name.
      .replaceAll(/(^|\W)@(?=\w)/g, '$1@\u2060')
  );
}

/** A name as code: shown as it is typed, read by nobody. */
export function markdownCode(text: string): string {
  const clean = cleanText(text);
  if (clean.trim() === '') return '(empty)';
  const longest = Math.max(0, ...[...clean.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const padding = clean.startsWith('`') || clean.endsWith('`') ? ' ' : '';
  return `${fence}${padding}${clean}${padding}${fence}`;
}

/** As `markdownCode`, in a table: there a bar ends the cell, in code too. */
export function markdownTableCode(text: string): string {
  return markdownCode(text).replaceAll('|', String.raw`\|`);
}

/** One row of a table; the cells are Markdown already, their bars escaped. */
export function markdownRow(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}
