import { exceeds, spell, type Step } from '../step.ts';

const BUDGET = 2000;
const GUARDS = ['near-duplicate-guard', 'near-duplicate-guard:rule=l2'];
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
  expectations: GUARDS.flatMap((guard) => [
    {
      kind: 'outcome' as const,
      sentence: `\`${guard}\` stops two-view InfoNCE: it takes less through it than undefended.`,
      check(view) {
        const [clean, through] = ['none', guard].map(
          (defense) => view.entry({ attack: TWO_VIEWS, defense, budget: BUDGET })?.stolenGain,
        );
        return { holds: exceeds(clean, through), measured: `${spell(clean)} undefended, ${spell(through)}` };
      },
    },
    {
      kind: 'outcome' as const,
      sentence: `\`${guard}\` does nothing against one view.`,
      check(view) {
        const [clean, through] = ['none', guard].map(
          (defense) => view.entry({ attack: ONE_VIEW, defense, budget: BUDGET })?.stolenGain,
        );
        return {
          holds: exceeds(clean, through) !== true,
          measured: `${spell(clean)} undefended, ${spell(through)}`,
        };
      },
    },
  ]) satisfies Step['expectations'],
};

const DETECTORS = ['prada', 'mmd-detector', 'near-duplicate-guard'];

export const detectors: Step = {
  id: 'detectors',
  title: 'Detectors against natural, synthetic and sybil streams',
  arguments: ['--attacks', 'backbone-stitching', '--defenses', DETECTORS.join(','), '--budgets', '500'],
  expectations: [
    {
      kind: 'outcome',
      sentence:
        'No detector tells a natural pool from honest users: the area under its curve stays below 0.8.',
      check(view) {
        const areas = DETECTORS.map((defense) =>
          view.measured('detection', defense, 'detection-auc:natural-pool'),
        );
        return {
          holds: areas.some((seeds) => seeds.length === 0)
            ? undefined
            : areas.flat().every((area) => area < 0.8),
          measured: DETECTORS.map(
            (defense, at) => `\`${defense}\` ${(areas[at] ?? []).map((area) => area.toFixed(2)).join(' / ')}`,
          ).join('; '),
        };
      },
    },
  ],
};
