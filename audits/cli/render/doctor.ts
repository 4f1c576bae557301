import type { DoctorCheck } from '../../doctor/checks.ts';
import { cleanText, hangingText } from './text.ts';
import type { Tone, View } from './view.ts';

const tones = { ok: 'good', absent: 'quiet', warning: 'doubtful', problem: 'bad' } as const satisfies Record<
  DoctorCheck['status'],
  Tone
>;

export function renderChecks(checks: readonly DoctorCheck[], view: View): readonly string[] {
  return checks.flatMap((check) => [
    ...hangingText(
      `${view.paint(tones[check.status], check.status.padEnd(8))} `,
      cleanText(`${check.id}: ${check.sentence}`),
      view.columns,
    ),
    ...(check.advice === null ? [] : hangingText('         -> ', cleanText(check.advice), view.columns)),
  ]);
}
