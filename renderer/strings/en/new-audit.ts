export const newAuditWords = {
  title: 'New audit',
} as const;
