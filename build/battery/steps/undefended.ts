import { compare, isAbove, spell, type Step } from '../step.ts';
import type { StepView } from '../view.ts';

const BUDGETS = [500, 2000, 5000];
const TRAINED = [
  'direct-extraction',
  'direct-extraction:loss=cosine',
  'direct-extraction:loss=infonce',
  'stolen-encoder',
  'cont-steal',
  'rda',
];
const CLOSED = ['backbone-stitching'];
const LABELS = 'label-extraction';
const attacks = [...TRAINED, ...CLOSED, LABELS];
const LARGEST = 5000;
const SECONDS = 1000;

const gain = (view: StepView, attack: string, budget: number) => view.entry({ attack, budget })?.stolenGain;

export const undefended: Step = {
  id: 'undefended',
  title: 'Undefended: what a budget buys',
  arguments: ['--attacks', attacks.join(','), '--defenses', 'none', '--budgets', BUDGETS.join(',')],
  expectations: [
    {
      kind: 'outcome',
      sentence: 'The strongest attack takes about 0.3 at 500 queries, 0.5 at 2 000, 0.65 at 5 000.',
      check(view) {
        const best = BUDGETS.map((budget) => strongest(view, budget));
        const values = best.map(({ value }) => value);
        const about = [0.3, 0.5, 0.65];
        return {
          holds: values.every((value, at) => Math.abs(value - (about[at] ?? 0)) <= 0.1),
          measured: best.map(({ attack, text }, at) => `${BUDGETS[at]}: ${text} (${attack})`).join('; '),
        };
      },
    },
    {
      kind: 'outcome',
      sentence: 'Direct extraction beats the no-victim control by more than its interval at every budget.',
      check(view) {
        const gains = BUDGETS.map((budget) => gain(view, 'direct-extraction', budget));
        return {
          holds: gains.every((estimate) => isAbove(estimate, 0) === true),
          measured: gains.map((estimate) => spell(estimate)).join('; '),
        };
      },
    },
    {
      kind: 'outcome',
      sentence: 'Stealing labels steals less than stealing embeddings at 5 000 queries.',
      check(view) {
        const { isAhead, text } = compare(
          view,
          { attack: 'direct-extraction', budget: LARGEST },
          { attack: LABELS, budget: LARGEST },
        );
        return { holds: isAhead, measured: `embeddings ${text}` };
      },
    },
    {
      kind: 'outcome',
      sentence:
        'A closed-form attack takes seconds: under ten per cell at 5 000 queries, evaluation included.',
      check(view) {
        const entry = view.entry({ attack: 'backbone-stitching', budget: LARGEST });
        const elapsedMs = (entry?.elapsedMs ?? Number.NaN) / (entry?.cellKeys.length ?? 1);
        return { holds: elapsedMs < 10 * SECONDS, measured: `${(elapsedMs / SECONDS).toFixed(1)} s` };
      },
    },
  ],
  table: (view) => ({
    head: ['attack', ...BUDGETS.map((budget) => `stolen gain at ${budget}`), 'kNN at 5000', 'CKA at 5000'],
    rows: attacks.map((attack) => {
      const entry = view.entry({ attack, budget: LARGEST });
      return [
        `\`${attack}\``,
        ...BUDGETS.map((budget) => spell(gain(view, attack, budget))),
        spell(entry?.knnAccuracy),
        spell(entry?.cka),
      ];
    }),
  }),
};

function strongest(
  view: StepView,
  budget: number,
): { readonly attack: string; readonly value: number; readonly text: string } {
  const measured = attacks.flatMap((attack) => {
    const estimate = gain(view, attack, budget);
    return estimate === null || estimate === undefined
      ? []
      : [{ attack, value: estimate.value, text: spell(estimate) }];
  });
  return (
    measured.toSorted((a, b) => b.value - a.value)[0] ?? { attack: 'none', value: Number.NaN, text: '–' }
  );
}
