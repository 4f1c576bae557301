import type { Step } from '../step.ts';

const MINUTES = 60;
const MS_PER_MINUTE = 60_000;
const TOLERANCE = 0.15;
const BYTES_PER_GIB = 2 ** 30;

export const standardInAnHour: Step = {
  id: 'standard-in-an-hour',
  title: 'The preset `standard` in an hour',
  arguments: ['--preset', 'standard', '--time', `${MINUTES}m`],
  expectations: [
    {
      kind: 'outcome',
      sentence: 'It keeps to 60 minutes within 15 %.',
      check({ wallMs }) {
        const minutes = wallMs / MS_PER_MINUTE;
        return {
          holds: Math.abs(minutes / MINUTES - 1) <= TOLERANCE,
          measured: `${minutes.toFixed(1)} minutes`,
        };
      },
    },
    {
      kind: 'outcome',
      sentence:
        'Memory stays flat: no tenth of the run after the third needs over a tenth more than the third.',
      check({ peakBytes }) {
        const [, , third = Number.NaN, ...later] = peakBytes;
        return {
          holds: later.every((peak) => peak <= 1.1 * third),
          measured: `${peakBytes.map((bytes) => (bytes / BYTES_PER_GIB).toFixed(2)).join(' ')} GiB`,
        };
      },
    },
    {
      kind: 'outcome',
      sentence:
        'What did not fit is listed as not run; no defense passes (one hour is too little for all mandatory pairs).',
      check({ result }) {
        const notRun = result.matrix.filter(({ state }) => state === 'not-run').length;
        const passing = result.verdicts.filter(({ verdict }) => verdict === 'pass').length;
        return {
          holds: notRun > 0 && passing === 0,
          measured: `${notRun} entries not run, ${passing} defenses pass`,
        };
      },
    },
  ],
};
