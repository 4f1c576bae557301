import type { MethodEntry } from '../method-list.ts';
import { cleanText, hangingText, wrapText } from './text.ts';
import type { View } from './view.ts';

/** Attacks or defenses as a reading list: id, what it does, its settings, where it comes from. */
export function renderMethods(entries: readonly MethodEntry[], view: View): readonly string[] {
  return entries.flatMap((entry, i) => [
    ...(i === 0 ? [] : ['']),
    ...hangingText(`${view.paint('strong', entry.id)}  `, cleanText(entry.summary), view.columns),
    ...settingLines(entry).flatMap((line) => hangingText('    ', line, view.columns)),
    ...wrapText(referenceText(entry), view.columns - 4).map((line) => `    ${view.paint('quiet', line)}`),
  ]);
}

function settingLines(entry: MethodEntry): readonly string[] {
  return Object.entries(entry.config.properties ?? {}).map(([key, schema]) => {
    if (typeof schema === 'boolean') return key;
    const fallback = schema.default === undefined ? '' : ` (default ${JSON.stringify(schema.default)})`;
    return `${key}: ${settingType(schema)}${fallback}`;
  });
}

function settingType(schema: { readonly enum?: unknown; readonly type?: unknown }): string {
  if (Array.isArray(schema.enum)) return schema.enum.map(String).join(' | ');
  return typeof schema.type === 'string' ? schema.type : 'value';
}

function referenceText({ reference }: MethodEntry): string {
  const { authors, title, venue, year, url } = reference;
  return cleanText(`${authors}: ${title}. ${venue} ${year}.${url === undefined ? '' : ` ${url}`}`);
}
