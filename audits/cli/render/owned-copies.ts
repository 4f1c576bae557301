import type { AuditResult, OwnershipRow } from '../../contract/result.ts';
import { matrixSlices } from './matrix.ts';
import { formatFraction, plural } from './numbers.ts';
import { renderTable } from './table.ts';
import { cleanText, wrapText } from './text.ts';
import type { View } from './view.ts';

/** Ownership tests on the copies at the judged budget: all tests together, and the one in which the copies stand out most. */
export function renderOwnedCopies(result: AuditResult, view: View): readonly string[] {
  const { ownership } = result;
  if (ownership === undefined) return [];
  const [slice] = matrixSlices(result);
  const shown = ownership.rows.filter(({ budget }) => budget === slice?.budget);
  const copies = [...new Map(shown.map((row) => [copyOf(row), row])).values()];
  const { independent, rule, reason } = ownership;
  const against = `Against ${plural(independent.encoders, 'independent encoder')} (${independent.zoo} of --zoo${independent.untrained > 0 ? `, ${independent.untrained} untrained` : ''}); a claim needs p <= ${rule.level} and an effect of ${rule.leastEffect} for every seed's copy.`;
  const sentences = [against, ...(reason === null ? [] : [`No claim is possible: ${reason}`])];
  const notes = sentences.flatMap((line) =>
    wrapText(cleanText(line), view.columns - 2).map((part) => `  ${part}`),
  );
  if (copies.length === 0) return notes;
  const table = renderTable(
    {
      columns: [
        { title: 'copy', align: 'left' },
        { title: 'most in', align: 'left' },
        { title: 'value', align: 'right' },
        { title: 'effect', align: 'right' },
        { title: 'all tests:\neffect', align: 'right' },
        { title: 'p', align: 'right' },
        { title: 'false\nclaims', align: 'right' },
        { title: 'claimed', align: 'left' },
      ],
      rows: copies.map((copy) => {
        const rows = shown.filter((row) => copyOf(row) === copyOf(copy));
        const strongest = rows
          .filter(({ test }) => test !== null)
          .reduce<OwnershipRow | undefined>(
            (best, row) => ((row.effect ?? -Infinity) > (best?.effect ?? -Infinity) ? row : best),
            undefined,
          );
        const joint = rows.find(({ test }) => test === null);
        const bound = joint?.falseClaimBound ?? null;
        return [
          cleanText(copyOf(copy)),
          cleanText(shortTest(strongest?.test ?? '-')),
          figure(strongest?.value?.value),
          figure(strongest?.effect, 1),
          figure(joint?.effect, 1),
          figure(joint?.p, 3),
          bound === null ? '-' : `<= ${formatFraction(100 * bound, 0)} %`,
          claimedOf(joint),
        ];
      }),
    },
    view,
  );
  return [...table, ...notes];
}

function copyOf({ attack, defense, accounts }: OwnershipRow): string {
  return `${attack}${defense === 'none' ? '' : ` on ${defense}`}${accounts > 1 ? `, ${accounts} accounts` : ''}`;
}

/** `cka` of `similarity-fingerprint`, which is its default; `mi-score` where the measure is named. */
function shortTest(test: string): string {
  return test === 'similarity-fingerprint' ? 'cka' : test.replace(/^similarity-fingerprint:measure=/, '');
}

function figure(value: number | null | undefined, digits = 2): string {
  return value === null || value === undefined ? '-' : formatFraction(value, digits);
}

function claimedOf(joint: OwnershipRow | undefined): string {
  const claimed = joint?.claimedSeeds ?? null;
  return joint === undefined || claimed === null ? 'not possible' : `${claimed} of ${joint.seeds}`;
}
