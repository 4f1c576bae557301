import type { MatrixCell } from '../../audits/contract/result.ts';

/** Steps of the one scale of exposure (`--exposure-0` ... in theme.css). */
export const EXPOSURE_STEPS = 7;

/** Step of a stolen gain; outside [0, 1] the nearest end. */
export function exposureStep(stolenGain: number): number {
  return Math.min(EXPOSURE_STEPS - 1, Math.max(0, Math.floor(stolenGain * EXPOSURE_STEPS)));
}

/** What stands where there is no number: never blank, never something that reads as a pass. */
export const stateWords = {
  pending: 'pending',
  running: 'running',
  done: 'no value',
  failed: 'failed',
  'not-applicable': 'not applicable',
  'not-run': 'not run',
} as const satisfies Record<MatrixCell['state'], string>;
