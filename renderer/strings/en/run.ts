export const runWords = {
  title: 'Run',
} as const;
