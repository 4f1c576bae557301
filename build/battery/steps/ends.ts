import { contains, spell, type Step } from '../step.ts';

const BUDGET = 2000;
/** A thousand standard deviations: nothing of the embedding is left. */
const PURE_NOISE = 'gaussian-noise:sigma=1000';
const COPY = 'backbone-stitching:features=backbone';

export const ends: Step = {
  id: 'ends',
  title: 'Both ends: nothing stolen, everything stolen',
  arguments: ['--attacks', 'direct-extraction', '--defenses', PURE_NOISE, '--budgets', String(BUDGET)],
  expectations: [
    {
      kind: 'identity',
      sentence: 'A random surrogate scores the baseline: the control is its own A0, a stolen gain of 0.',
      check(view) {
        const accuracy = view.entry({ attack: 'no-victim', budget: 0 })?.probeAccuracy;
        const [baseline] = view.result.baselines;
        return {
          holds: contains(accuracy, baseline?.noVictimProbe?.value ?? Number.NaN),
          measured: `${spell(accuracy)}, baseline ${spell(baseline?.noVictimProbe)}`,
        };
      },
    },
    {
      kind: 'identity',
      sentence: 'Pure noise: the stolen gain through it is within its interval of 0.',
      check(view) {
        const gain = view.entry({
          attack: 'direct-extraction',
          defense: PURE_NOISE,
          budget: BUDGET,
        })?.stolenGain;
        return { holds: contains(gain, 0), measured: spell(gain) };
      },
    },
    {
      kind: 'identity',
      sentence: 'Pure noise ruins honest users: recall@10 below 0.05 and a probe loss above 50 points.',
      check(view) {
        const verdict = view.verdict(PURE_NOISE);
        const [recall, loss] = [verdict?.worstRecallAt10, verdict?.worstHonestLoss];
        return {
          holds:
            recall === null || recall === undefined || loss === null || loss === undefined
              ? undefined
              : recall.value < 0.05 && loss.value > 0.5,
          measured: `recall@10 ${spell(recall)}, probe loss ${spell(loss)}`,
        };
      },
    },
  ],
};

export const copy: Step = {
  id: 'copy',
  title: 'An attacker who already holds the victim',
  arguments: [
    '--attacks',
    COPY,
    '--defenses',
    'none',
    '--budgets',
    String(BUDGET),
    '--backbone',
    '{encoders}/cifar10-supcon.onnx',
  ],
  expectations: [
    {
      kind: 'identity',
      sentence: 'Its relative accuracy is 1: ridge from the victim to its own replies is the victim.',
      check(view) {
        const accuracy = view.entry({ attack: COPY, budget: BUDGET })?.relativeAccuracy;
        return {
          holds:
            accuracy === null || accuracy === undefined ? undefined : Math.abs(accuracy.value - 1) < 0.01,
          measured: spell(accuracy),
        };
      },
    },
    {
      kind: 'identity',
      sentence:
        'Stolen gain is undefined for it, and flagged: who holds the encoder already has nothing to steal.',
      check(view) {
        const gain = view.entry({ attack: COPY, budget: BUDGET })?.stolenGain;
        const flag = view.result.flags.find(({ id }) => id === 'nothing-to-steal');
        return { holds: gain === null && flag !== undefined, measured: flag?.sentence ?? 'no flag' };
      },
    },
  ],
};
