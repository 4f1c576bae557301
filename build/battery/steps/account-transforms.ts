import { compare, spell, type Step } from '../step.ts';
import { spellSeeds } from '../view.ts';

const BUDGET = 2000;
const FAMILIES = ['rotation', 'affine', 'binary'] as const;
const LINEAR = ['rotation', 'affine'] as const;
/** Coverage noise under a transform: what its authors ship. */
const COMPOSED = 'b4b+account-transform:family=affine';
const DIMENSION = 256;
/** More anchors than dimensions: least squares has one solution. */
const ANCHORS = 320;
const PLAIN = 'direct-extraction';
const REMAPPED = `sybil-remap:anchors=${ANCHORS}`;
const HEADS = 'sybil-remap:method=multi-head';
const attacks = [PLAIN, REMAPPED, HEADS];

const label = (family: string): string =>
  family === 'rotation' ? 'account-transform' : `account-transform:family=${family}`;

export const accountTransforms: Step = {
  id: 'account-transforms',
  title: 'Transforms per account: one account, two accounts remapped, two accounts without anchors',
  arguments: [
    '--attacks',
    attacks.join(','),
    '--defenses',
    [...FAMILIES.map(label), COMPOSED].join(','),
    '--budgets',
    String(BUDGET),
    '--accounts',
    '1,2',
  ],
  expectations: [
    {
      kind: 'identity',
      sentence: `With ${ANCHORS} anchors for ${DIMENSION} dimensions and no noise, least squares recovers rotations and affine maps exactly: over 0.999 of the variance of held-out anchors is explained.`,
      check(view) {
        const fits = LINEAR.map((family) =>
          view.diagnostics(
            { attack: REMAPPED, defense: label(family), budget: BUDGET, accounts: 2 },
            'worstAnchorFit',
          ),
        );
        return {
          holds: fits.some((seeds) => seeds.length === 0)
            ? undefined
            : fits.flat().every((fit) => fit > 0.999),
          measured: LINEAR.map((family, at) => `${family}: ${spellSeeds(fits[at] ?? [], 5)}`).join('; '),
        };
      },
    },
    {
      kind: 'outcome',
      sentence: 'No linear transform protects: one account alone steals what it steals undefended.',
      check(view) {
        const at = { attack: PLAIN, budget: BUDGET };
        const through = LINEAR.map((family) => compare(view, at, { ...at, defense: label(family) }));
        return {
          holds: through.every(({ isAhead }) => isAhead !== true),
          measured: LINEAR.map((family, i) => `undefended ${through[i]?.text ?? '–'} through ${family}`).join(
            '; ',
          ),
        };
      },
    },
    {
      kind: 'outcome',
      sentence:
        'Two accounts remapped by anchors steal within 0.1 of one account through every linear transform; anchors cost an eighth of the budget.',
      check(view) {
        const pairs = LINEAR.map((family) => ({
          family,
          one: view.entry({ attack: PLAIN, defense: label(family), budget: BUDGET })?.stolenGain,
          two: view.entry({ attack: REMAPPED, defense: label(family), budget: BUDGET, accounts: 2 })
            ?.stolenGain,
        }));
        return {
          holds: pairs.every(({ one, two }) => (two?.value ?? Number.NaN) > (one?.value ?? Number.NaN) - 0.1),
          measured: pairs
            .map(({ family, one, two }) => `${family} ${spell(two)} against ${spell(one)}`)
            .join('; '),
        };
      },
    },
    {
      kind: 'outcome',
      sentence: 'Two accounts without remapping steal less than with it, for every linear transform.',
      check(view) {
        const pairs = LINEAR.map((family) => {
          const at = { defense: label(family), budget: BUDGET, accounts: 2 };
          return compare(view, { ...at, attack: REMAPPED }, { ...at, attack: PLAIN });
        });
        return {
          holds: pairs.some(({ isAhead }) => isAhead === false)
            ? false
            : pairs.every(({ isAhead }) => isAhead === true) || undefined,
          measured: pairs.map(({ text }, i) => `${LINEAR[i] ?? ''}: remapped ${text}`).join('; '),
        };
      },
    },
    {
      kind: 'outcome',
      sentence:
        'Under `b4b` the affine transform is remapped all the same: more is stolen than by mixing replies.',
      check(view) {
        const at = { defense: COMPOSED, budget: BUDGET, accounts: 2 };
        const { isAhead, text } = compare(view, { ...at, attack: REMAPPED }, { ...at, attack: PLAIN });
        return { holds: isAhead, measured: `remapped ${text}` };
      },
    },
  ],
  table: (view) => ({
    head: [
      'defense',
      'one account',
      'two, mixed',
      `two, remapped (${ANCHORS} anchors)`,
      'two, multi-head without anchors',
      'recall@10',
      'verdict',
    ],
    rows: [...FAMILIES.map(label), COMPOSED].map((defense) => {
      const gain = (attack: string, accounts: number): string =>
        spell(view.entry({ attack, defense, budget: BUDGET, accounts })?.stolenGain);
      return [
        `\`${defense}\``,
        gain(PLAIN, 1),
        gain(PLAIN, 2),
        gain(REMAPPED, 2),
        gain(HEADS, 2),
        spell(view.verdict(defense)?.worstRecallAt10),
        view.verdict(defense)?.verdict ?? '–',
      ];
    }),
  }),
};
