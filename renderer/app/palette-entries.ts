import { isUnderWay } from '../state/audits.svelte.ts';
import type { Command } from '../state/commands.svelte.ts';
import { appWords, auditWords } from '../strings/en.ts';
import { encoderName } from '../text/encoder-name.ts';
import { spellLocalTime } from '../text/local-time.ts';
import type { App } from '../state/context.ts';

/** One line of the palette. */
export interface PaletteEntry {
  readonly id: string;
  readonly group: string;
  readonly title: string;
  readonly detail: string;
  readonly keys: Command['keys'];
  readonly run: () => unknown;
}

/** More would not be read, and each is a row. */
const MOST_AUDITS = 8;
const MOST_UNASKED = 3;

/** Commands and audits in whose names every word of the text stands; commands first. */
export function paletteEntries(
  { audits, commands, router }: Pick<App, 'audits' | 'commands' | 'router'>,
  text: string,
): readonly PaletteEntry[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (name: string) => words.every((word) => name.toLowerCase().includes(word));
  const ofCommands = commands.available
    .filter(({ id, title }) => id !== 'palette' && fits(title))
    .map(({ id, title, group, keys, run }) => ({ id, title, group, keys, run, detail: '' }));
  const found =
    words.length === 0
      ? audits.entries.slice(0, MOST_UNASKED)
      : audits.entries
          .filter((entry) => fits([entry.encoder, entry.preset, entry.id, ...entry.tags].join(' ')))
          .slice(0, MOST_AUDITS);
  return [
    ...ofCommands,
    ...found.map((entry) => ({
      id: `audit-${entry.id}`,
      group: appWords.commands.groupAudits,
      title: encoderName(entry.encoder, auditWords.builtinDemo),
      detail: spellLocalTime(entry.createdAt),
      keys: undefined,
      run: () => {
        router.go(isUnderWay(entry) ? 'run' : 'report', { id: entry.id });
      },
    })),
  ];
}
