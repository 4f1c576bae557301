import type { RunCell, RunTimeline } from '../../audits/contract/result.ts';

export interface RunKindSummary {
  readonly kind: RunCell['kind'];
  readonly cells: number;
  readonly failed: number;
  readonly totalMs: number;
  readonly medianMs: number | null;
  readonly longestMs: number | null;
}

export const kindWords = {
  victim: 'the encoder itself',
  attack: 'attacks and controls',
  honest: 'honest users',
  detection: 'alarms of detectors',
  independent: 'independent encoders',
} as const satisfies Record<RunCell['kind'], string>;

/** What ran, by kind, in the order of the list above. */
export function runSummary({ cells }: RunTimeline): readonly RunKindSummary[] {
  const byKind = Map.groupBy(cells, ({ kind }) => kind);
  return (Object.keys(kindWords) as RunCell['kind'][]).flatMap((kind) => {
    const own = byKind.get(kind) ?? [];
    const times = own.flatMap(({ elapsedMs }) => elapsedMs ?? []).toSorted((a, b) => a - b);
    return own.length === 0
      ? []
      : [
          {
            kind,
            cells: own.length,
            failed: own.filter(({ state }) => state === 'failed').length,
            totalMs: times.reduce((sum, time) => sum + time, 0),
            medianMs: times[(times.length - 1) >> 1] ?? null,
            longestMs: times.at(-1) ?? null,
          },
        ];
  });
}
