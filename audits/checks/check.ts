import type { DefenseVerdict, Flag, MatrixCell } from '../contract/result.ts';
import type { Evidence } from '../score/evidence.ts';

/** A validity check: looks at everything measured and says what weakens it. Pure. */
export interface Check {
  /** kebab-case; equals the file name and the flag's id. */
  readonly id: string;
  run(context: CheckContext): readonly Omit<Flag, 'id'>[];
}

export interface CheckContext {
  readonly evidence: Evidence;
  readonly matrix: readonly MatrixCell[];
  readonly verdicts: readonly DefenseVerdict[];
}
