import { exceeds, spell, type Step } from '../step.ts';

const BUDGET = 5000;
/** The settings of the paper's scripts: noise in embedding units, beta 80 %. */
const PUBLISHED = 'b4b:calibrate=false:scale=absolute';
const UNCENTERED = 'b4b:calibrate=false:centering=false:scale=absolute';
const CALIBRATED = 'b4b';
const WITH_TRANSFORM = 'b4b+account-transform:family=affine';
const defenses = [UNCENTERED, PUBLISHED, CALIBRATED, WITH_TRANSFORM];
const PLAIN = 'direct-extraction';
const REPEATS = 'repeat-averaging';
const REMAPPED = 'sybil-remap:anchors=320';
const SCHEDULE = 'defense-aware-schedule';
const attacks = [PLAIN, REPEATS, REMAPPED, SCHEDULE];
const SYBILS = 5;

export const coverageNoise: Step = {
  id: 'coverage-noise',
  title: 'B4B: published settings with and without centring, calibrated, with a transform',
  arguments: [
    '--attacks',
    attacks.join(','),
    '--defenses',
    defenses.join(','),
    '--budgets',
    String(BUDGET),
    '--accounts',
    `1,${SYBILS}`,
  ],
  expectations: [
    {
      kind: 'outcome',
      sentence:
        'With the published settings the noise never sets in on this encoder, centred or not: one account takes what it takes undefended.',
      check(view) {
        const clean = view.entry({ attack: PLAIN, budget: BUDGET })?.stolenGain;
        const through = [UNCENTERED, PUBLISHED].map(
          (defense) => view.entry({ attack: PLAIN, defense, budget: BUDGET })?.stolenGain,
        );
        return {
          holds: through.every((gain) => exceeds(clean, gain) !== true),
          measured: `${spell(clean)} undefended; ${through.map((gain) => spell(gain)).join(', ')}`,
        };
      },
    },
    {
      kind: 'outcome',
      sentence:
        'Calibrated to this encoder it stops one plain account: less than a third of the undefended gain.',
      check(view) {
        const clean = view.entry({ attack: PLAIN, budget: BUDGET })?.stolenGain;
        const gain = view.entry({ attack: PLAIN, defense: CALIBRATED, budget: BUDGET })?.stolenGain;
        return {
          holds: (gain?.high ?? Number.NaN) < (clean?.value ?? Number.NaN) / 3,
          measured: `${spell(gain)} of ${spell(clean)}`,
        };
      },
    },
    {
      kind: 'outcome',
      sentence: `Splitting evenly over ${SYBILS} accounts keeps each below the onset: the calibrated defense protects less than half against it.`,
      check(view) {
        const clean = view.entry({ attack: PLAIN, budget: BUDGET })?.stolenGain;
        const split = [PLAIN, SCHEDULE].map(
          (attack) =>
            view.entry({ attack, defense: CALIBRATED, budget: BUDGET, accounts: SYBILS })?.stolenGain,
        );
        const best = Math.max(...split.map((gain) => gain?.value ?? Number.NaN));
        return {
          holds: best > (clean?.value ?? Number.NaN) / 2,
          measured: `${split.map((gain) => spell(gain)).join(', ')} of ${spell(clean)}`,
        };
      },
    },
    {
      kind: 'outcome',
      sentence: `With a transform on top, remapping ${SYBILS} accounts steals more than mixing their replies.`,
      check(view) {
        const at = { defense: WITH_TRANSFORM, budget: BUDGET, accounts: SYBILS };
        const [mixed, remapped] = [PLAIN, REMAPPED].map(
          (attack) => view.entry({ ...at, attack })?.stolenGain,
        );
        return { holds: exceeds(remapped, mixed), measured: `${spell(remapped)} against ${spell(mixed)}` };
      },
    },
    {
      kind: 'outcome',
      sentence: 'No variant passes the policy.',
      check(view) {
        const verdicts = defenses.map((defense) => view.verdict(defense)?.verdict ?? '–');
        return { holds: verdicts.every((verdict) => verdict !== 'pass'), measured: verdicts.join(', ') };
      },
    },
  ],
  table: (view) => ({
    head: [
      'defense',
      ...attacks.flatMap((attack) => [`\`${attack}\`, 1`, `${SYBILS} accounts`]),
      'probe loss',
      'recall@10',
      'verdict',
    ],
    rows: ['none', ...defenses].map((defense) => {
      const verdict = view.verdict(defense);
      return [
        `\`${defense}\``,
        ...attacks.flatMap((attack) =>
          [1, SYBILS].map((accounts) =>
            spell(view.entry({ attack, defense, budget: BUDGET, accounts })?.stolenGain),
          ),
        ),
        spell(verdict?.worstHonestLoss, 3),
        spell(verdict?.worstRecallAt10),
        verdict?.verdict ?? '–',
      ];
    }),
  }),
};
