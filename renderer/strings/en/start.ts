export const startWords = {
  title: 'Start',
  newAudit: 'New audit',
  tryDemo: 'Try the demo',
  startingDemo: 'Starting the demo …',
  demoFailed: (why: string) => `The demo could not be started. ${why}`,
  first: {
    title: 'What would a thief get out of your encoder?',
    sentence:
      'Moat plays the attackers against an ONNX encoder, through each defense you could switch on, and says which one to launch with. Everything stays on this machine.',
    drop: 'Drop an ONNX file anywhere in this window, or choose one.',
    choose: 'Choose an encoder',
    demo: 'No encoder at hand? The demo audits a small one that comes with Moat, in a few minutes.',
  },
  recent: 'Recent audits',
  allAudits: (count: string) => `All ${count} audits`,
  columns: { encoder: 'Encoder', outcome: 'Outcome', cells: 'Cells', started: 'Started' },
  failed: 'The audits could not be read.',
  dropHere: 'Drop the encoder to audit it',
  dropHint: 'One ONNX file.',
  droppedSeveral: 'Drop one encoder at a time.',
} as const;
