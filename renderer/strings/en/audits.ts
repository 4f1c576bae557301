import { plural, spellCount } from '../../text/numbers.ts';

/** What audits are called wherever they are listed. */
export const auditWords = {
  states: {
    preparing: 'Preparing',
    running: 'Running',
    completed: 'Completed',
    cancelled: 'Stopped',
    failed: 'Stopped by an error',
    interrupted: 'Interrupted',
  },
  verdicts: {
    pass: 'Pass',
    fail: 'Fail',
    inconclusive: 'Inconclusive',
    'not-measured': 'Not measured',
  },
  cells: (done: number, total: number) =>
    total === 0 ? 'none planned' : `${spellCount(done)} of ${plural(total, 'cell')}`,
  cellsFailed: (count: string) => `${count} failed`,
  builtinDemo: 'Built-in demo',
} as const;
