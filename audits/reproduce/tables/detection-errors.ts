import { above, type Comparison } from '../ordering.ts';
import { missingData } from '../data-at-hand.ts';
import {
  notRun,
  place,
  type Means,
  type PaperTable,
  type PaperValue,
  type Place,
  type Source,
} from '../table.ts';
import { taskArguments, victimOf } from '../theft.ts';

interface Rule {
  readonly name: string;
  readonly rule: 'cosine' | 'l2';
  readonly on: 'projection' | 'embedding';
  /** Thresholds with error rates in percent, and their deviation between batches. */
  readonly printed: readonly {
    readonly tau: string;
    readonly falsePositives: readonly [number, number];
    readonly falseNegatives: readonly [number, number];
  }[];
}

/** Tables 13, 14 and 15 (paper-spec 6.11). */
const headL2: Rule = {
  name: 'l2, head',
  rule: 'l2',
  on: 'projection',
  printed: [
    { tau: '12', falsePositives: [4.7, 1.7], falseNegatives: [53.1, 2.8] },
    { tau: '13', falsePositives: [12.3, 3.1], falseNegatives: [35.1, 3.1] },
    { tau: '14', falsePositives: [27.7, 3.4], falseNegatives: [19.3, 2.2] },
  ],
};
const bareL2: Rule = {
  name: 'l2, representation',
  rule: 'l2',
  on: 'embedding',
  printed: [
    { tau: '17', falsePositives: [7.7, 2.3], falseNegatives: [49.0, 2.5] },
    { tau: '18', falsePositives: [16.2, 2.7], falseNegatives: [39.5, 2.5] },
    { tau: '19', falsePositives: [28.2, 2.6], falseNegatives: [26.4, 2.2] },
  ],
};
const headCosine: Rule = {
  name: 'cosine, head',
  rule: 'cosine',
  on: 'projection',
  printed: [
    { tau: '0.45', falsePositives: [31.4, 2.7], falseNegatives: [9.4, 1.8] },
    { tau: '0.5', falsePositives: [15.5, 2.6], falseNegatives: [21.3, 2.3] },
    { tau: '0.55', falsePositives: [7.0, 1.7], falseNegatives: [34.1, 2.1] },
  ],
};
const rules: readonly Rule[] = [headL2, bareL2, headCosine];

const FPR = 'FPR';
const FNR = 'FNR';
const rowOf = ({ name }: Rule, tau: string): string => `${name}, tau ${tau}`;

const values: readonly PaperValue[] = rules.flatMap((rule) =>
  rule.printed.flatMap(({ tau, falsePositives, falseNegatives }) => [
    { row: rowOf(rule, tau), column: FPR, value: falsePositives[0], deviation: falsePositives[1] },
    { row: rowOf(rule, tau), column: FNR, value: falseNegatives[0], deviation: falseNegatives[1] },
  ]),
);

/** A wider threshold flags more of both kinds: the next row of a rule has more false positives and fewer negatives. */
function tradeOff(rule: Rule): readonly Comparison[] {
  const taus = rule.printed.map(({ tau }) => rowOf(rule, tau));
  const wider = rule.rule === 'l2' ? taus : taus.toReversed();
  return wider
    .slice(1)
    .flatMap((row, at) => [
      above([row, FPR], [wider[at] ?? '', FPR]),
      above([wider[at] ?? '', FNR], [row, FNR]),
    ]);
}

/** At the reduced scale, the threshold that flags the share of distinct images which the paper's flags. */
function guard({ rule, on, printed }: Rule, at: number, { scale }: Means): string {
  const { tau = '', falsePositives = [0, 0] } = printed[at] ?? {};
  const threshold =
    scale.id === 'full' ? `tau=${tau}` : `falsePositiveRate=${Number((falsePositives[0] / 100).toFixed(3))}`;
  const settings = [threshold, 'history=batch', `on=${on}`, ...(rule === 'l2' ? ['rule=l2'] : [])];
  return ['near-duplicate-guard', ...settings.sort()].join(':');
}

export const detectionErrors: PaperTable = {
  id: 'table13',
  alsoCalled: ['table14', 'table15'],
  title: 'Errors of near-duplicate detection (Table 14 on representations, Table 15 by cosine)',
  setting:
    'CIFAR-10 victim; batches of 256 images in two views: distinct images flagged (FPR), second views not flagged (FNR), mean and deviation between batches.',
  unit: '%',
  values,
  orderings: [
    ...rules.map((rule) => ({
      sentence: `${rule.name}: a wider threshold has more false positives and fewer false negatives.`,
      comparisons: tradeOff(rule),
    })),
    {
      sentence:
        'By l2 the head’s output beats the representation: fewer errors of both kinds at tau 13 than at 18.',
      comparisons: [
        above([rowOf(bareL2, '18'), FPR], [rowOf(headL2, '13'), FPR]),
        above([rowOf(bareL2, '18'), FNR], [rowOf(headL2, '13'), FNR]),
      ],
    },
    {
      sentence: 'Cosine at 0.5 misses fewer second views than l2 at 13.',
      comparisons: [above([rowOf(headL2, '13'), FNR], [rowOf(headCosine, '0.5'), FNR])],
    },
    {
      sentence: 'Even the best rule misses over 5 % of second views.',
      comparisons: values
        .filter(({ column }) => column === FNR)
        .map(({ row }) => ({ kind: 'between' as const, value: place(row, FNR), low: 5, high: 100 })),
    },
  ],
  differences: [
    'At the reduced scale thresholds are calibrated on 1 000 images as they are, to the share of distinct ones that the paper’s flag, since tau belongs to the paper’s encoder. Errors are counted on augmented views, of which by l2 more are flagged and by cosine fewer: rates have to be compared together.',
  ],
  plan(means) {
    const { data, projection, victim, scale, seeds } = means;
    const sources = new Map<Place, Source>();
    const cifar10 = data.cifar10;
    const lacksHead =
      victim === undefined || projection === undefined
        ? 'it needs a victim file that also answers with its projection head: --victim FILE --projection OUTPUT'
        : undefined;
    const defenses: string[] = [];
    for (const rule of rules)
      for (const [at, { tau }] of rule.printed.entries()) {
        const reason =
          cifar10 === undefined ? missingData('cifar10') : rule.on === 'projection' ? lacksHead : undefined;
        const defense = guard(rule, at, means);
        if (reason === undefined) defenses.push(defense);
        for (const [column, metric] of [
          [FPR, 'near-duplicate-fpr'],
          [FNR, 'near-duplicate-fnr'],
        ] as const)
          sources.set(
            place(rowOf(rule, tau), column),
            reason === undefined
              ? { kind: 'cells', step: 'detection', work: 'detection', defense, task: null, metric }
              : notRun(reason),
          );
      }
    if (cifar10 === undefined) return { steps: [], sources };
    const { encoder, steps } = victimOf('cifar10', means);
    return {
      steps: [
        ...steps,
        {
          kind: 'audit',
          id: 'detection',
          title: 'detection of second views',
          encoder,
          arguments: [
            '--pool',
            cifar10.whole,
            ...taskArguments(means, 'cifar10'),
            '--attacks',
            'no-victim',
            '--listed-only',
            '--budgets',
            '2000',
            '--defenses',
            defenses.join(','),
            '--seeds',
            String(seeds),
            // Honest users are measured too; a few rows of theirs are enough here.
            ...(scale.id === 'reduced' ? ['--fit-rows', '2000', '--score-rows', '500'] : []),
          ],
          minutes: scale.id === 'reduced' ? 12 : null,
          trainedImages: 0,
        },
      ],
      sources,
    };
  },
};
