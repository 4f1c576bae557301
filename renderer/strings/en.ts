/** Every sentence of the app, one file per screen. Another language is another folder beside `en/` with the same names. */
export { appWords, bridgeWords } from './en/app.ts';
export { auditWords } from './en/audits.ts';
export { compareWords } from './en/compare.ts';
export { historyWords } from './en/history.ts';
export { newAuditWords } from './en/new-audit.ts';
export { reportWords } from './en/report.ts';
export { runAdvice, runWords } from './en/run.ts';
export { settingsWords } from './en/settings.ts';
export { startWords } from './en/start.ts';
