import { above } from '../ordering.ts';
import { TEST_QUERIES } from '../scale.ts';
import { grid, type Means, type PaperTable } from '../table.ts';
import { planDefenses } from '../defended.ts';

const SIGMAS = [20, 40, 60] as const;
const OFF = '0';
const rules = ['cosine', 'l2'] as const;
type Rule = (typeof rules)[number];
const columns = ['cosine: user', 'cosine: attacker', 'l2: user', 'l2: attacker'] as const;

/** The paper's rules with the share of distinct images that they flag (Tables 13 and 15, tau 13 and 0.5). */
const published: Readonly<Record<Rule, { readonly tau: string; readonly falsePositiveRate: string }>> = {
  cosine: { tau: '0.5', falsePositiveRate: '0.155' },
  l2: { tau: '13', falsePositiveRate: '0.123' },
};

function guard(rule: Rule, sigma: number, { scale }: Means): string {
  const { tau, falsePositiveRate } = published[rule];
  const settings =
    scale.id === 'full'
      ? { replacementMean: '1000', rule, scale: 'absolute', sigma: String(sigma), tau }
      : { falsePositiveRate, replacementMean: '1000', rule, sigma: String(sigma) };
  return [
    'near-duplicate-guard',
    ...Object.entries(settings)
      .filter(([name, value]) => name !== 'rule' || value !== 'cosine')
      .map(([name, value]) => `${name}=${value}`),
  ].join(':');
}

/** Table 12 (paper-spec 6.10): near-duplicates answered by noise around 1 000. */
export const nearDuplicates: PaperTable = {
  id: 'table12',
  alsoCalled: [],
  title: 'Near-duplicates replaced by noise',
  setting:
    'CIFAR-10 victim, 9 000 queries of its test images in two views, direct extraction by InfoNCE; CIFAR-10 accuracy of the copy and of an honest user. Row: deviation of the noise, 0 = no defense.',
  unit: '%',
  values: grid(columns, {
    [OFF]: [66.9, 53.1, 66.9, 52.2],
    '20': [65.4, 41.2, 65.4, 44.9],
    '40': [65.3, 44.7, 65.3, 45.7],
    '60': [66.0, 41.8, 64.7, 45.4],
  }),
  orderings: [
    {
      sentence: 'The cosine rule costs the thief with two views over 8 points.',
      comparisons: SIGMAS.map((sigma) =>
        above([OFF, 'cosine: attacker'], [String(sigma), 'cosine: attacker'], 8),
      ),
    },
    {
      sentence: 'The l2 rule costs that thief over 6 points.',
      comparisons: SIGMAS.map((sigma) => above([OFF, 'l2: attacker'], [String(sigma), 'l2: attacker'], 6)),
    },
    {
      sentence: 'Either costs the user under 3 points.',
      comparisons: rules.flatMap((rule) =>
        SIGMAS.map((sigma) => above([String(sigma), `${rule}: user`], [OFF, `${rule}: user`], -3)),
      ),
    },
  ],
  differences: [
    'Histories last as long as an account (the paper’s text); its code forgets them after each batch.',
    'At the reduced scale thresholds are calibrated to flag the share of distinct images that the paper’s flag (15.5 % cosine, 12.3 % l2), with 1 000 of them in the history, and the noise is in standard deviations: tau 0.5 and 13 belong to the paper’s encoder.',
    'The user fits a logistic regression; the paper’s trains a network with one hidden layer.',
  ],
  plan: (means) =>
    planDefenses(means, {
      rows: [OFF, ...SIGMAS.map(String)].map((row) => ({
        row,
        defenses: rules.map((rule) => ({
          user: `${rule}: user`,
          attacker: `${rule}: attacker`,
          defense: row === OFF ? undefined : guard(rule, Number(row), means),
        })),
      })),
      attack: 'direct-extraction:loss=infonce:positives=first:views=2',
      queries: TEST_QUERIES,
      minutes: 14,
    }),
};
