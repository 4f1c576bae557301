import type { AuditResult, Flag } from '../contract/result.ts';

/** What a number belongs to, as far as flags tell numbers apart. */
export interface NumberScope {
  readonly task?: string | undefined;
  readonly defense?: string | undefined;
  readonly cellKeys?: readonly string[] | undefined;
}

/**
 * Finds the flags that weaken a number: those on the whole audit and on the victim, on its task, its defense and any of its
 * cells, in the result's order. As `weakened_by` in the database, but notes are kept.
 */
export function flagFinder({ flags }: Pick<AuditResult, 'flags'>): (scope: NumberScope) => readonly Flag[] {
  const byScope = Map.groupBy(
    flags.map((flag, position) => ({ flag, position })),
    ({ flag }) => flag.scope,
  );
  return ({ task, defense, cellKeys = [] }) => {
    const scopes = [
      'audit',
      'victim',
      ...(task === undefined ? [] : [`task:${task}`]),
      ...(defense === undefined ? [] : [`defense:${defense}`]),
      ...cellKeys.map((key) => `cell:${key}`),
    ];
    return [...new Set(scopes)]
      .flatMap((scope) => byScope.get(scope) ?? [])
      .toSorted((a, b) => a.position - b.position)
      .map(({ flag }) => flag);
  };
}
