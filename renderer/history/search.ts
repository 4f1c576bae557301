import type { AuditEntry } from '../../audits/contract/bridge.ts';

/** What the history is narrowed to. */
export interface HistoryFilter {
  readonly text: string;
  /** A verdict or a state; empty for any. */
  readonly outcome: string;
}

/** Every word of the text must stand somewhere in an audit's names, tags or note. */
export function filterAudits(
  entries: readonly AuditEntry[],
  { text, outcome }: HistoryFilter,
): readonly AuditEntry[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0 && outcome === '') return entries;
  return entries.filter((entry) => {
    if (outcome !== '' && outcomeOf(entry) !== outcome) return false;
    const names = searchable(entry);
    return words.every((word) => names.includes(word));
  });
}

/** The verdict where there is one, else the state. */
export function outcomeOf(entry: Pick<AuditEntry, 'state' | 'verdict'>): string {
  return entry.state === 'completed' ? (entry.verdict ?? entry.state) : entry.state;
}

/** `a, b ,a` as tags: trimmed, each once, in the order given. */
export function tagsOf(text: string): readonly string[] {
  return [
    ...new Set(
      text
        .split(',')
        .map((tag) => tag.trim())
        .filter(Boolean),
    ),
  ];
}

function searchable(entry: AuditEntry): string {
  return [entry.encoder, entry.preset, entry.id, entry.note, ...entry.tags].join('\n').toLowerCase();
}
