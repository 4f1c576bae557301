import type { OwnershipRow } from '../../audits/contract/result.ts';

/** A copy with its ownership tests: each by itself, and all together where they can be. */
export interface CopyTested {
  readonly first: OwnershipRow;
  readonly single: readonly OwnershipRow[];
  readonly joint: OwnershipRow | undefined;
}

/** Copies made with the judged number of queries, in the result's order. */
export function copiesTested(rows: readonly OwnershipRow[], budget: number): readonly CopyTested[] {
  const judged = rows.filter((row) => row.budget === budget);
  return [...Map.groupBy(judged, copyKey).values()].flatMap((own) => {
    const [first] = own;
    return first === undefined
      ? []
      : [
          {
            first,
            single: own.filter(({ test }) => test !== null),
            joint: own.find(({ test }) => test === null),
          },
        ];
  });
}

export function copyKey({
  attack,
  defense,
  budget,
  accounts,
}: Pick<OwnershipRow, 'attack' | 'defense' | 'budget' | 'accounts'>): string {
  return JSON.stringify([attack, defense, budget, accounts]);
}
