import { compare, spell, type Step } from '../step.ts';

const BUDGET = 2000;
const COSINE = 'near-duplicate-guard';
const DISTANCE = 'near-duplicate-guard:rule=l2';
const GUARDS = [COSINE, DISTANCE];
const ONE_VIEW = 'direct-extraction:loss=infonce';
const TWO_VIEWS = 'direct-extraction:loss=infonce:views=2';

export const nearDuplicates: Step = {
  id: 'near-duplicates',
  title: 'The near-duplicate guard against one view and two',
  arguments: [
    '--attacks',
    [ONE_VIEW, TWO_VIEWS].join(','),
    '--defenses',
    GUARDS.join(','),
    '--budgets',
    String(BUDGET),
  ],
  expectations: [
    ...GUARDS.flatMap((guard): Step['expectations'] => [
      {
        kind: 'outcome',
        sentence: `\`${guard}\` stops two-view InfoNCE: it takes less through it than undefended.`,
        check(view) {
          const at = { attack: TWO_VIEWS, budget: BUDGET };
          const { isAhead, text } = compare(view, at, { ...at, defense: guard });
          return { holds: isAhead, measured: `undefended ${text}` };
        },
      },
      {
        kind: 'outcome',
        sentence: `\`${guard}\` does nothing against one view.`,
        check(view) {
          const at = { attack: ONE_VIEW, budget: BUDGET };
          const { isAhead, text } = compare(view, at, { ...at, defense: guard });
          return { holds: isAhead !== true, measured: `undefended ${text}` };
        },
      },
    ]),
    {
      kind: 'outcome',
      sentence:
        'On replies of an encoder without its head both rules miss most second views: FNR above 0.5 (the paper’s best rows, on projections: 0.21 and 0.35).',
      check(view) {
        const missed = GUARDS.map((guard) => view.detector(guard)?.nearDuplicates?.falseNegatives.rate);
        return {
          holds: missed.some((rate) => rate === undefined)
            ? undefined
            : missed.every((rate) => (rate?.value ?? 0) > 0.5),
          measured: GUARDS.map((guard, at) => `\`${guard}\` ${spell(missed[at])}`).join('; '),
        };
      },
    },
  ],
  table: (view) => ({
    head: ['rule', 'FPR', 'deviation between batches', 'FNR', 'deviation between batches', 'recall@10'],
    rows: GUARDS.map((guard) => {
      const errors = view.detector(guard)?.nearDuplicates;
      return [
        guard === COSINE ? 'cosine' : 'l2',
        spell(errors?.falsePositives.rate, 3),
        errors?.falsePositives.deviation.toFixed(3) ?? '–',
        spell(errors?.falseNegatives.rate, 3),
        errors?.falseNegatives.deviation.toFixed(3) ?? '–',
        spell(view.verdict(guard)?.worstRecallAt10),
      ];
    }),
  }),
};
