import type { Check } from './check.ts';

/** An encoder that answers differently each time already adds noise of its own. */
export const nonDeterministicVictim: Check = {
  id: 'non-deterministic-victim',
  run: ({ evidence }) =>
    evidence.preparation.preflight.checks
      .filter(({ id, status }) => (id === 'determinism' || id === 'batch-consistency') && status !== 'ok')
      .map(({ sentence }) => ({ severity: 'weakens', scope: 'victim', sentence })),
};
