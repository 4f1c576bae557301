import type { Estimate } from '../../../audits/contract/result.ts';
import { isAbove, spell, type Step } from '../step.ts';
import type { StepView } from '../view.ts';

const BUDGET = 2000;
const PLAIN = 'direct-extraction';
const ROTATE = 'watermark-removal';
const removals = [
  ROTATE,
  ...['permute', 'truncate', 'average', 'distill', 'fine-tune', 'prune', 'cse'].map(
    (method) => `watermark-removal:method=${method}`,
  ),
];
const LINEAR = 'linear-watermark';
const REGION = 'region-watermark';
const ESPEW = 'espew';
const marks = [LINEAR, REGION, ESPEW];
/** Of a mark that is gone. Scores of encoders of others lay below on drawn embeddings (docs/defenses.md). */
const GONE = 0.2;
/** Rotation and order change single precision's last digits, and nothing else. */
const SAME = 0.01;

const markOf = (view: StepView, attack: string, defense: string): Estimate | undefined =>
  view.entry({ attack, defense, budget: BUDGET })?.markScore;

export const watermarks: Step = {
  id: 'watermarks',
  title: 'Watermarks: what survives removal, and what the copy is then worth',
  arguments: [
    '--attacks',
    [PLAIN, ...removals].join(','),
    '--defenses',
    marks.join(','),
    '--budgets',
    String(BUDGET),
  ],
  expectations: [
    {
      kind: 'identity',
      sentence:
        'The region mark lies in angles: the same copy, rotated or reordered, carries as much of it as before.',
      check(view) {
        const scores = [PLAIN, ROTATE, 'watermark-removal:method=permute'].map(
          (attack) => markOf(view, attack, REGION)?.value,
        );
        const [before] = scores;
        return {
          holds:
            before === undefined
              ? undefined
              : scores.every((score) => score !== undefined && Math.abs(score - before) <= SAME),
          measured: scores.map((score) => score?.toFixed(3) ?? '–').join(', '),
        };
      },
    },
    {
      kind: 'outcome',
      sentence:
        'Linear and ESpeW marks are in the copy of a thief who does nothing about them (score above 0.2).',
      check(view) {
        const found = [LINEAR, ESPEW].map((defense) => markOf(view, PLAIN, defense));
        return {
          holds: all(found.map((score) => isAbove(score, GONE))),
          measured: found.map((score) => spell(score)).join(', '),
        };
      },
    },
    {
      kind: 'outcome',
      sentence: 'A rotation of the copy, which costs it nothing, ends both: scores of at most 0.2 in size.',
      check(view) {
        const found = [LINEAR, ESPEW].map((defense) => markOf(view, ROTATE, defense));
        return {
          holds: found.some((score) => score === undefined)
            ? undefined
            : found.every((score) => Math.abs(score?.value ?? 1) <= GONE),
          measured: found.map((score) => spell(score)).join(', '),
        };
      },
    },
    {
      kind: 'outcome',
      sentence: 'No mark makes theft harder: protection of at most 0.2.',
      check(view) {
        const found = marks.map((defense) => view.verdict(defense)?.protection);
        return {
          holds: found.some((protection) => protection === null || protection === undefined)
            ? undefined
            : found.every((protection) => (protection?.value ?? 1) <= 0.2),
          measured: found.map((protection) => spell(protection)).join(', '),
        };
      },
    },
    {
      kind: 'outcome',
      sentence:
        'The linear mark costs searches most: recall@10 below 0.8, above 0.9 with either mark on a fifth of the replies.',
      check(view) {
        const recalls = marks.map((defense) => view.verdict(defense)?.worstRecallAt10?.value ?? Number.NaN);
        const [blended = 1, leaning = 0, written = 0] = recalls;
        return {
          holds: blended < 0.8 && leaning > 0.9 && written > 0.9,
          measured: recalls.map((value) => value.toFixed(3)).join(', '),
        };
      },
    },
  ],
  table: (view) => ({
    head: ['attack', ...marks.flatMap((mark) => [`\`${mark}\`: mark score`, 'stolen gain'])],
    rows: [PLAIN, ...removals].map((attack) => [
      `\`${attack}\``,
      ...marks.flatMap((defense) => [
        spell(markOf(view, attack, defense)),
        spell(view.entry({ attack, defense, budget: BUDGET })?.stolenGain),
      ]),
    ]),
  }),
};

/** True where all are, false where one is, else undecided. */
function all(answers: readonly (boolean | undefined)[]): boolean | undefined {
  if (answers.includes(false)) return false;
  return answers.includes(undefined) ? undefined : true;
}
