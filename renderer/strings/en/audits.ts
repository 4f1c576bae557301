/** What audits are called wherever they are listed. */
export const auditWords = {
  states: {
    preparing: 'Preparing',
    running: 'Running',
    completed: 'Completed',
    cancelled: 'Stopped',
    failed: 'Failed',
    interrupted: 'Interrupted',
  },
  verdicts: {
    pass: 'Pass',
    fail: 'Fail',
    inconclusive: 'Inconclusive',
    'not-measured': 'Not measured',
  },
  cells: (done: string, total: string) => `${done} of ${total} cells`,
  cellsFailed: (count: string) => `${count} failed`,
  builtinDemo: 'Built-in demo',
} as const;
