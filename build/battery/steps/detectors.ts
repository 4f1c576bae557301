import type { DetectionByAttack, Estimate } from '../../../audits/contract/result.ts';
import { spell, type Expectation, type Step } from '../step.ts';
import type { StepView } from '../view.ts';

const GUARD = 'near-duplicate-guard';
const DETECTORS = ['prada', 'mmd-detector', GUARD];
const ONE_PERCENT = 0.01;
const ONE_IN_A_THOUSAND = 0.001;

const against = (view: StepView, defense: string, kind: string): DetectionByAttack | undefined =>
  view.detector(defense)?.attacks.find((attack) => attack.kind === kind);

export const detectors: Step = {
  id: 'detectors',
  title: 'Detectors against natural, synthetic and sybil streams',
  // Who is told from whom takes every row there is, and no theft.
  arguments: [
    '--attacks',
    'no-victim',
    '--listed-only',
    '--defenses',
    DETECTORS.join(','),
    '--budgets',
    '500',
    '--fit-rows',
    '20000',
    '--score-rows',
    '10000',
  ],
  expectations: [
    areas(
      'natural-pool',
      DETECTORS,
      'No detector tells a natural pool from honest users: the area under its curve stays below 0.8.',
      (area) => area < 0.8,
    ),
    areas(
      'synthetic',
      ['mmd-detector'],
      '`mmd-detector` tells synthetic (Jacobian) queries from honest users: an area above 0.9.',
      (area) => area > 0.9,
    ),
    areas(
      'two-view',
      [GUARD],
      '`near-duplicate-guard` tells two views on one account from honest users: an area above 0.9.',
      (area) => area > 0.9,
    ),
    areas(
      'split-views',
      [GUARD],
      'Split over two accounts, the same views are no longer told: an area below 0.7.',
      (area) => area < 0.7,
    ),
    areas(
      'sybil-slices',
      DETECTORS,
      'Slicing a stream over five accounts helps no detector: its area stays below 0.8.',
      (area) => area < 0.8,
    ),
    {
      kind: 'outcome',
      sentence: 'A broad honest user raises no alarm at a detector’s own threshold in nine streams of ten.',
      check(view) {
        const rates = DETECTORS.map((defense) => alarmRate(view, defense, 'broad'));
        return {
          holds: rates.some((rate) => rate === undefined)
            ? undefined
            : rates.every((rate) => (rate?.value ?? 1) <= 0.1),
          measured: DETECTORS.map((defense, at) => `\`${defense}\` ${spell(rates[at])}`).join('; '),
        };
      },
    },
    {
      kind: 'outcome',
      sentence:
        'At 1 % false positives no detector catches a tenth of the natural streams, and the guard half of those with two views.',
      check(view) {
        const natural = DETECTORS.map((defense) => caught(against(view, defense, 'natural-pool')));
        const views = caught(against(view, GUARD, 'two-view'));
        return {
          holds:
            views === null || natural.some((rate) => rate === null)
              ? undefined
              : natural.every((rate) => (rate?.value ?? 1) < 0.1) && views.value > 0.5,
          measured: `${DETECTORS.map((defense, at) => `\`${defense}\` ${spell(natural[at])}`).join('; ')}; two views ${spell(views)}`,
        };
      },
    },
    {
      kind: 'outcome',
      sentence:
        'Rates at 0.1 % false positives are not estimable: one task gives fewer than a thousand honest streams.',
      check(view) {
        const found = DETECTORS.flatMap((defense) => view.detector(defense)?.attacks ?? []);
        return {
          holds:
            found.length === 0
              ? undefined
              : found.every((attack) => caught(attack, ONE_IN_A_THOUSAND) === null),
          measured: DETECTORS.map(
            (defense) => `\`${defense}\` ${view.detector(defense)?.benignStreams ?? 0} honest streams`,
          ).join('; '),
        };
      },
    },
  ],
  table: (view) => ({
    head: [
      'detector',
      'stream',
      'streams a seed',
      'alarms',
      'area under the curve',
      'true positives at 1 %',
      'queries until alarm',
    ],
    rows: DETECTORS.flatMap((defense) => {
      const found = view.detector(defense);
      return [
        ...(found?.benign ?? []).map(({ kind, streams, alarmRate: alarms }) => [
          `\`${defense}\``,
          `honest: ${kind}`,
          String(streams),
          spell(alarms),
          '',
          '',
          '',
        ]),
        ...(found?.attacks ?? []).map((attack) => [
          `\`${defense}\``,
          attack.kind,
          String(attack.streams),
          spell(attack.alarmRate),
          spell(attack.area),
          caught(attack) === null ? 'not estimable' : spell(caught(attack)),
          spell(attack.queriesUntilAlarm, 0),
        ]),
      ];
    }),
  }),
};

/** What is expected of the area under the curves of some detectors against one kind of stream. */
function areas(
  kind: string,
  expected: readonly string[],
  sentence: string,
  isExpected: (area: number) => boolean,
): Expectation {
  return {
    kind: 'outcome',
    sentence,
    check(view) {
      const found = expected.map((defense) => against(view, defense, kind)?.area.value);
      return {
        holds: found.some((area) => area === undefined)
          ? undefined
          : found.every((area) => area !== undefined && isExpected(area)),
        measured: spellAreas(view, kind),
      };
    },
  };
}

function spellAreas(view: StepView, kind: string): string {
  return DETECTORS.map((defense) => `\`${defense}\` ${spell(against(view, defense, kind)?.area)}`).join('; ');
}

function alarmRate(view: StepView, defense: string, kind: string) {
  return view.detector(defense)?.benign.find((stream) => stream.kind === kind)?.alarmRate;
}

/** The true positive rate; null where it cannot be estimated. */
function caught(attack: DetectionByAttack | undefined, rate: number = ONE_PERCENT): Estimate | null {
  return attack?.truePositives.find(({ falsePositiveRate }) => falsePositiveRate === rate)?.rate ?? null;
}
