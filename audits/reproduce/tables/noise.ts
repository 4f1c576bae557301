import { above } from '../ordering.ts';
import { TEST_QUERIES } from '../scale.ts';
import { grid, type Means, type PaperTable } from '../table.ts';
import { planDefenses } from '../defended.ts';

const SIGMAS = [1, 2, 3, 4] as const;
const OFF = '0 (off)';
const rows = [OFF, ...SIGMAS.map(String)];
const columns = ['mu 10: user', 'mu 10: attacker', 'mu 0: user', 'mu 0: attacker'] as const;
/** The paper's numbers are in units of its embeddings, which vary by about one (see `differences`). */
const scaleOf = ({ scale }: Means): string => (scale.id === 'full' ? ':scale=absolute' : '');

/** Tables 10 and 11 (paper-spec 6.9): noise on every answer, with a mean of 10 and without one. */
export const noise: PaperTable = {
  id: 'table10',
  alsoCalled: ['table11'],
  title: 'Noise on all answers (Table 11 is mu = 0)',
  setting:
    'CIFAR-10 victim, 9 000 queries of its test images, direct extraction by MSE; CIFAR-10 accuracy of the copy, and of an honest user who fits on noisy answers.',
  unit: '%',
  values: grid(columns, {
    [OFF]: [67.1, 66.3, 66.7, 66.3],
    '1': [65.7, 56.9, 63.9, 64.8],
    '2': [67.9, 56.8, 67.2, 66.5],
    '3': [64.0, 56.9, 65.0, 65.5],
    '4': [62.2, 55.8, 63.1, 63.4],
  }),
  orderings: [
    {
      sentence: 'Without a mean the attacker loses under 3 points up to sigma 4.',
      comparisons: SIGMAS.map((sigma) =>
        above([String(sigma), 'mu 0: attacker'], [OFF, 'mu 0: attacker'], -3),
      ),
    },
    {
      sentence: 'Without a mean the user loses under 4 points.',
      comparisons: SIGMAS.map((sigma) => above([String(sigma), 'mu 0: user'], [OFF, 'mu 0: user'], -4)),
    },
    {
      sentence: 'A mean of 10 costs the attacker over 9 points.',
      comparisons: SIGMAS.map((sigma) =>
        above([OFF, 'mu 10: attacker'], [String(sigma), 'mu 10: attacker'], 9),
      ),
    },
    {
      sentence: 'A mean of 10 costs the user under 5 points.',
      comparisons: SIGMAS.map((sigma) => above([String(sigma), 'mu 10: user'], [OFF, 'mu 10: user'], -5)),
    },
  ],
  differences: [
    'The user fits a logistic regression on noisy answers to training images; the paper’s trains a network with one hidden layer on answers to test images.',
    'At the reduced scale mu and sigma are in standard deviations of each coordinate. The paper’s are in units of its embeddings, of which two independent ones lie 34.1 apart (Table 18): about 1.1 per coordinate.',
  ],
  plan: (means) =>
    planDefenses(means, {
      rows: rows.map((row) => ({
        row,
        defenses: [10, 0].map((mu) => ({
          user: `mu ${mu}: user`,
          attacker: `mu ${mu}: attacker`,
          defense:
            row === OFF
              ? undefined
              : `gaussian-noise${mu === 0 ? '' : `:mean=${mu}`}${scaleOf(means)}:sigma=${row}`,
        })),
      })),
      attack: 'direct-extraction',
      queries: TEST_QUERIES,
      minutes: 14,
    }),
};
