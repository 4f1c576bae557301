import { compare, spell, type Step, type Table } from '../step.ts';
import type { StepView } from '../view.ts';

/** The settings of the paper's scripts: noise in embedding units, beta 80 %. */
const PUBLISHED = 'b4b:calibrate=false:scale=absolute';
const UNCENTERED = 'b4b:calibrate=false:centering=false:scale=absolute';
const CALIBRATED = 'b4b';
const PLAIN = 'direct-extraction';
const REPEATS = 'repeat-averaging';
const REMAPPED = 'sybil-remap:anchors=320';
const SCHEDULE = 'defense-aware-schedule';
const attacks = [PLAIN, REPEATS, REMAPPED, SCHEDULE];
/** Without a transform there is nothing to remap. */
const unmapped = [PLAIN, REPEATS, SCHEDULE];
const SYBILS = 5;
/** Few enough for the schedule: what does not set in at 5 000 queries does not at 2 000 either. */
const PUBLISHED_BUDGET = 2000;
/** The policy's. */
const CALIBRATED_BUDGET = 5000;

const best = (view: StepView, defense: string, budget: number, accounts: number): number =>
  Math.max(
    ...unmapped.map(
      (attack) => view.entry({ attack, defense, budget, accounts })?.stolenGain?.value ?? Number.NaN,
    ),
  );

export const publishedCoverage: Step = {
  id: 'coverage-noise-published',
  title: 'B4B with its published settings, with and without centring',
  arguments: [
    '--attacks',
    attacks.join(','),
    '--defenses',
    [UNCENTERED, PUBLISHED].join(','),
    '--budgets',
    String(PUBLISHED_BUDGET),
    '--accounts',
    String(SYBILS),
  ],
  expectations: [
    {
      kind: 'outcome',
      sentence: `The noise never sets in on this encoder, centred or not: an even split over ${SYBILS} accounts takes what it takes undefended.`,
      check(view) {
        const at = { attack: PLAIN, budget: PUBLISHED_BUDGET, accounts: SYBILS };
        const through = [UNCENTERED, PUBLISHED].map((defense) => compare(view, at, { ...at, defense }));
        return {
          holds: through.every(({ isAhead }) => isAhead !== true),
          measured: through.map(({ text }) => `undefended ${text}`).join('; '),
        };
      },
    },
    {
      kind: 'outcome',
      sentence: 'Honest users feel nothing either: recall@10 of at least 0.99 with both.',
      check(view) {
        const recalls = [UNCENTERED, PUBLISHED].map((defense) => view.verdict(defense)?.worstRecallAt10);
        return {
          holds: recalls.every((recall) => (recall?.value ?? 0) >= 0.99),
          measured: recalls.map((recall) => spell(recall)).join(', '),
        };
      },
    },
  ],
  table: (view) => gains(view, attacks, ['none', UNCENTERED, PUBLISHED], PUBLISHED_BUDGET, [SYBILS]),
};

export const calibratedCoverage: Step = {
  id: 'coverage-noise-calibrated',
  title: 'B4B calibrated to this encoder',
  arguments: [
    '--attacks',
    unmapped.join(','),
    '--defenses',
    CALIBRATED,
    '--budgets',
    String(CALIBRATED_BUDGET),
    '--accounts',
    `1,${SYBILS}`,
  ],
  expectations: [
    {
      kind: 'outcome',
      sentence: 'It stops one plain account: less than a third of the undefended gain.',
      check(view) {
        const clean = view.entry({ attack: PLAIN, budget: CALIBRATED_BUDGET })?.stolenGain;
        const gain = view.entry({
          attack: PLAIN,
          defense: CALIBRATED,
          budget: CALIBRATED_BUDGET,
        })?.stolenGain;
        return {
          holds: (gain?.high ?? Number.NaN) < (clean?.value ?? Number.NaN) / 3,
          measured: `${spell(gain)} of ${spell(clean)}`,
        };
      },
    },
    {
      kind: 'outcome',
      sentence: `Splitting over ${SYBILS} accounts keeps each below the onset: it protects less than half against the best attack that does.`,
      check(view) {
        const clean = view.entry({ attack: PLAIN, budget: CALIBRATED_BUDGET })?.stolenGain?.value;
        const split = best(view, CALIBRATED, CALIBRATED_BUDGET, SYBILS);
        return {
          holds: split > (clean ?? Number.NaN) / 2,
          measured: `${split.toFixed(2)} of ${clean?.toFixed(2) ?? '–'}`,
        };
      },
    },
    {
      kind: 'outcome',
      sentence: 'It does not pass the policy.',
      check(view) {
        const verdict = view.verdict(CALIBRATED);
        return {
          holds: verdict?.verdict !== 'pass',
          measured: `${verdict?.verdict ?? '–'}: ${verdict?.reason ?? ''}`,
        };
      },
    },
  ],
  table: (view) => gains(view, unmapped, ['none', CALIBRATED], CALIBRATED_BUDGET, [1, SYBILS]),
};

function gains(
  view: StepView,
  columns: readonly string[],
  defenses: readonly string[],
  budget: number,
  accounts: readonly number[],
): Table {
  return {
    head: [
      'defense',
      ...columns.flatMap((attack) =>
        accounts.map((count) => `\`${attack}\`, ${count === 1 ? 'one account' : `${count} accounts`}`),
      ),
      'probe loss',
      'recall@10',
      'verdict',
    ],
    rows: defenses.map((defense) => {
      const verdict = view.verdict(defense);
      return [
        `\`${defense}\``,
        ...columns.flatMap((attack) =>
          accounts.map((count) =>
            spell(view.entry({ attack, defense, budget, accounts: count })?.stolenGain),
          ),
        ),
        spell(verdict?.worstHonestLoss, 3),
        spell(verdict?.worstRecallAt10),
        verdict?.verdict ?? '–',
      ];
    }),
  };
}
