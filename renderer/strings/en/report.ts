export const reportWords = {
  title: 'Report',
} as const;
