import { compare, isAbove, spell, type Step } from '../step.ts';
import { spellSeeds } from '../view.ts';

const BUDGET = 2000;
/** In units of each dimension's standard deviation: nine tenths of a reply's variance is noise. */
const SIGMA = 3;
const FRESH = `gaussian-noise:sigma=${SIGMA}`;
const KEYED = `gaussian-noise:mode=keyed:sigma=${SIGMA}`;
const PLAIN = 'direct-extraction';
const EQUAL_QUERIES = 'repeat-averaging:repeats=16';
const EQUAL_IMAGES = 'repeat-averaging:equal=images:repeats=16';
const VIEWS = 'view-averaging:equal=images:views=16';
const REPEATS = 16;
const attacks = [PLAIN, EQUAL_QUERIES, EQUAL_IMAGES, VIEWS];

export const noise: Step = {
  id: 'noise',
  title: 'Noise: fresh against repeats, keyed against views',
  arguments: [
    '--attacks',
    attacks.join(','),
    '--defenses',
    [FRESH, KEYED].join(','),
    '--budgets',
    String(BUDGET),
  ],
  expectations: [
    {
      kind: 'identity',
      sentence: `The shrinkage of a mean of ${REPEATS} replies with noise of ${SIGMA} standard deviations is 1 / (1 + ${SIGMA ** 2} / ${REPEATS}) = ${(1 / (1 + SIGMA ** 2 / REPEATS)).toFixed(3)}: the noise variance fell by ${REPEATS}.`,
      check(view) {
        const factors = view.diagnostics(
          { attack: EQUAL_IMAGES, defense: FRESH, budget: BUDGET },
          'meanShrinkage',
        );
        const wanted = 1 / (1 + SIGMA ** 2 / REPEATS);
        return {
          holds:
            factors.length === 0 ? undefined : factors.every((factor) => Math.abs(factor - wanted) < 0.03),
          measured: spellSeeds(factors),
        };
      },
    },
    {
      kind: 'outcome',
      sentence:
        'Fresh noise of this size hurts plain extraction: its stolen gain falls below the undefended one.',
      check(view) {
        const { isAhead, text } = compare(
          view,
          { attack: PLAIN, budget: BUDGET },
          { attack: PLAIN, defense: FRESH, budget: BUDGET },
        );
        return { holds: isAhead, measured: `undefended ${text}` };
      },
    },
    {
      kind: 'outcome',
      sentence: 'At equal images, 16 repeats restore more than plain extraction gets through fresh noise.',
      check(view) {
        const { isAhead, text } = compare(
          view,
          { attack: EQUAL_IMAGES, defense: FRESH, budget: BUDGET },
          { attack: PLAIN, defense: FRESH, budget: BUDGET },
        );
        return { holds: isAhead, measured: `repeats ${text}` };
      },
    },
    {
      kind: 'outcome',
      sentence:
        'At equal total queries, 16 repeats do not beat plain extraction: training averages over images by itself.',
      check(view) {
        const { isAhead, text } = compare(
          view,
          { attack: EQUAL_QUERIES, defense: FRESH, budget: BUDGET },
          { attack: PLAIN, defense: FRESH, budget: BUDGET },
        );
        return { holds: isAhead === undefined ? undefined : !isAhead, measured: `repeats ${text}` };
      },
    },
    {
      kind: 'outcome',
      sentence:
        'Keyed noise: repeats bring nothing at equal images, near-duplicate views bring more than plain extraction.',
      check(view) {
        const [repeated, viewed] = [EQUAL_IMAGES, VIEWS].map((attack) =>
          compare(
            view,
            { attack, defense: KEYED, budget: BUDGET },
            { attack: PLAIN, defense: KEYED, budget: BUDGET },
          ),
        );
        return {
          holds: repeated?.isAhead === true ? false : viewed?.isAhead,
          measured: `repeats ${repeated?.text ?? '–'}; views ${viewed?.text ?? '–'}`,
        };
      },
    },
  ],
  table: (view) => ({
    head: ['defense', ...attacks.map((attack) => `\`${attack}\``), 'protection', 'recall@10'],
    rows: ['none', FRESH, KEYED].map((defense) => {
      const verdict = view.verdict(defense);
      return [
        `\`${defense}\``,
        ...attacks.map((attack) => spell(view.entry({ attack, defense, budget: BUDGET })?.stolenGain)),
        spell(verdict?.protection),
        spell(verdict?.worstRecallAt10),
      ];
    }),
  }),
};

export const offset: Step = {
  id: 'offset',
  title: 'A mean offset alone',
  arguments: [
    '--attacks',
    'direct-extraction,direct-extraction:loss=cosine,affine-removal,affine-removal:base=direct-extraction/loss=cosine',
    '--defenses',
    'gaussian-noise:mean=10:scale=absolute:sigma=0',
    '--budgets',
    String(BUDGET),
  ],
  expectations: [
    {
      kind: 'identity',
      sentence: 'Protection is within its interval of 0 once affine removal ran, and the verdict is "fail".',
      check(view) {
        const verdict = view.verdict('gaussian-noise:mean=10:scale=absolute:sigma=0');
        const protection = verdict?.protection;
        const covers = isAbove(protection, 0) !== true;
        return {
          holds:
            protection === null || protection === undefined
              ? undefined
              : covers && verdict?.verdict === 'fail',
          measured: `${spell(protection)}, ${verdict?.verdict ?? '–'}: ${verdict?.reason ?? ''}`,
        };
      },
    },
    {
      kind: 'outcome',
      sentence:
        'Without removal the offset costs a cosine thief most of the gain: 10 dwarfs coordinates of 0.04.',
      check(view) {
        const at = { attack: 'direct-extraction:loss=cosine', budget: BUDGET };
        const { isAhead, text } = compare(view, at, {
          ...at,
          defense: 'gaussian-noise:mean=10:scale=absolute:sigma=0',
        });
        return { holds: isAhead, measured: `undefended ${text}` };
      },
    },
  ],
};
