export const historyWords = {
  title: 'History',
} as const;
