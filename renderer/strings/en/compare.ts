export const compareWords = {
  title: 'Compare',
} as const;
