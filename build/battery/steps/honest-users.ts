import { spell, type Step } from '../step.ts';
import type { StepView } from '../view.ts';

/** At their defaults, composed ones too; no theft, since the question is what users lose. */
const defenses = [
  'gaussian-noise',
  'gaussian-noise:mode=keyed',
  'rounding',
  'quantization:bits=8',
  'quantization',
  'quantization:bits=1',
  'top-k',
  'truncation',
  'pca-truncation',
  'norm-hiding',
  'vector-quantization',
  'prediction-poisoning',
  'account-transform',
  'account-transform:family=elementwise',
  'account-transform:family=affine',
  'account-transform:family=pad-shuffle',
  'account-transform:family=binary',
  'b4b',
  'b4b+account-transform',
  'cell-coverage',
  'near-duplicate-guard',
  'quota',
  'proof-of-work',
];
const RECALL_OF_LOSSLESS = 0.99;

const recall = (view: StepView, defense: string): number =>
  view.verdict(defense)?.worstRecallAt10?.value ?? Number.NaN;
const probeLoss = (view: StepView, defense: string): number =>
  view.verdict(defense)?.worstHonestLoss?.value ?? Number.NaN;

export const honestUsers: Step = {
  id: 'honest-users',
  title: 'What each defense costs honest users',
  arguments: [
    '--attacks',
    'no-victim',
    '--listed-only',
    '--defenses',
    defenses.join(','),
    '--budgets',
    '500',
  ],
  expectations: [
    {
      kind: 'outcome',
      sentence:
        'Rotation, 8 bits and norm hiding are lossless for everybody: recall@10 of at least 0.99 (0.95 for norm hiding).',
      check(view) {
        const values = ['account-transform', 'quantization:bits=8', 'norm-hiding'].map((defense) =>
          recall(view, defense),
        );
        const [rotation = 0, bits = 0, norm = 0] = values;
        return {
          holds: rotation >= RECALL_OF_LOSSLESS && bits >= RECALL_OF_LOSSLESS && norm >= 0.95,
          measured: values.map((value) => value.toFixed(3)).join(', '),
        };
      },
    },
    {
      kind: 'outcome',
      sentence:
        'Retrieval feels what a probe does not: some defense costs the probe under 2 points and leaves recall@10 below 0.6.',
      check(view) {
        const blunt = defenses.filter(
          (defense) => probeLoss(view, defense) < 0.02 && recall(view, defense) < 0.6,
        );
        return {
          holds: blunt.length > 0,
          measured: blunt.map((defense) => `\`${defense}\``).join(', ') || 'none',
        };
      },
    },
  ],
  table: (view) => ({
    head: ['defense', 'probe loss', 'kNN loss', 'recall@10'],
    rows: defenses.map((defense) => {
      const verdict = view.verdict(defense);
      const [cost] = verdict?.honest ?? [];
      return [`\`${defense}\``, spell(cost?.probeLoss, 3), spell(cost?.knnLoss, 3), spell(cost?.recallAt10)];
    }),
  }),
};
