import type { DetectionByAttack, Estimate } from '../../../audits/contract/result.ts';
import { spell, type Step } from '../step.ts';
import type { StepView } from '../view.ts';

const DETECTORS = ['prada', 'mmd-detector', 'near-duplicate-guard'];
const ONE_PERCENT = 0.01;
const ONE_IN_A_THOUSAND = 0.001;

const against = (view: StepView, defense: string, kind: string): DetectionByAttack | undefined =>
  view.detector(defense)?.attacks.find((attack) => attack.kind === kind);
const area = (view: StepView, defense: string, kind: string): number | undefined =>
  against(view, defense, kind)?.area.value;

export const detectors: Step = {
  id: 'detectors',
  title: 'Detectors against natural, synthetic and sybil streams',
  // No attack is judged here: the question is who is told from whom, and it takes every row there is.
  arguments: [
    '--attacks',
    'no-victim',
    '--defenses',
    DETECTORS.join(','),
    '--budgets',
    '5000',
    '--fit-rows',
    '20000',
    '--score-rows',
    '10000',
  ],
  expectations: [
    {
      kind: 'outcome',
      sentence:
        'No detector tells a natural pool from honest users: the area under its curve stays below 0.8.',
      check(view) {
        const areas = DETECTORS.map((defense) => area(view, defense, 'natural-pool'));
        return {
          holds: areas.some((value) => value === undefined)
            ? undefined
            : areas.every((value) => (value ?? 1) < 0.8),
          measured: spellAreas(view, 'natural-pool'),
        };
      },
    },
    {
      kind: 'outcome',
      sentence: '`mmd-detector` tells synthetic (Jacobian) queries from honest users: an area above 0.9.',
      check(view) {
        const value = area(view, 'mmd-detector', 'synthetic');
        return {
          holds: value === undefined ? undefined : value > 0.9,
          measured: spellAreas(view, 'synthetic'),
        };
      },
    },
    {
      kind: 'outcome',
      sentence: '`near-duplicate-guard` tells two views on one account from honest users: an area above 0.9.',
      check(view) {
        const value = area(view, 'near-duplicate-guard', 'two-view');
        return {
          holds: value === undefined ? undefined : value > 0.9,
          measured: spellAreas(view, 'two-view'),
        };
      },
    },
    {
      kind: 'outcome',
      sentence: 'Split over two accounts, the same views are no longer told: an area below 0.7.',
      check(view) {
        const value = area(view, 'near-duplicate-guard', 'split-views');
        return {
          holds: value === undefined ? undefined : value < 0.7,
          measured: spellAreas(view, 'split-views'),
        };
      },
    },
    {
      kind: 'outcome',
      sentence: 'Slicing a stream over five accounts helps no detector: its area stays below 0.8.',
      check(view) {
        const areas = DETECTORS.map((defense) => area(view, defense, 'sybil-slices'));
        return {
          holds: areas.some((value) => value === undefined)
            ? undefined
            : areas.every((value) => (value ?? 1) < 0.8),
          measured: spellAreas(view, 'sybil-slices'),
        };
      },
    },
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
        const views = caught(against(view, 'near-duplicate-guard', 'two-view'));
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
