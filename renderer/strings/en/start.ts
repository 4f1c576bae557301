export const startWords = {
  title: 'Start',
} as const;
