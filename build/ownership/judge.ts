import type { MethodSpec } from '../../audits/contract/method.ts';
import type { OwnershipContext, OwnershipJudgement } from '../../audits/contract/ownership.ts';
import type { Looked } from '../../audits/cli/look-at-encoder.ts';
import { datasetInference } from '../../audits/ownership/dataset-inference.ts';
import { judgeReadings, readEncoder, type EncoderReadings } from '../../audits/ownership/judge.ts';
import { defaultRule } from '../../audits/ownership/null-distribution.ts';

/** Every suspect of one victim, judged as `moat own` judges one, from one reading of each encoder. */

export interface JudgedSuspect {
  readonly name: string;
  readonly judgement: OwnershipJudgement;
}

export interface JudgedVictim {
  readonly victim: string;
  /** The victim itself first. */
  readonly suspects: readonly JudgedSuspect[];
  /** Each independent encoder, judged by the others. */
  readonly independent: readonly JudgedSuspect[];
}

export async function judgeVictim(
  ofVictim: OwnershipContext,
  {
    suspects,
    zoo,
    tests,
  }: {
    readonly suspects: readonly Looked['observed'][];
    readonly zoo: readonly Looked[];
    readonly tests: readonly MethodSpec[];
  },
): Promise<JudgedVictim> {
  const context = { ...ofVictim, reference: zoo[0]?.observed };
  const { victim } = context;
  const read = (observed: Looked['observed']): Promise<EncoderReadings> =>
    readEncoder(context, observed, tests);
  // As suspects, encoders are read as if nobody knew what they saw: that is what a suspect is.
  const strangers: {
    readonly name: string;
    readonly readings: EncoderReadings;
    readonly suspected: EncoderReadings;
  }[] = [];
  for (const { observed } of zoo) {
    const suspected = await read({ ...observed, trainedOn: undefined });
    const { trainedOn } = observed;
    const saw = trainedOn !== undefined && trainedOn.private + trainedOn.public > 0;
    const readings = suspected.map((reading, i) =>
      saw && tests[i]?.id === datasetInference.meta.id ? { reason: 'it saw the images' } : reading,
    );
    strangers.push({ name: observed.name, readings, suspected });
  }
  const own = await read(victim);
  const judge = (name: string, suspect: EncoderReadings): JudgedSuspect => ({
    name,
    judgement: judgeReadings(
      { tests, suspect, victim: own, independent: strangers.filter((other) => other.name !== name) },
      defaultRule,
    ),
  });
  const judged = [judge(victim.name, own)];
  for (const suspect of suspects) judged.push(judge(suspect.name, await read(suspect)));
  return {
    victim: victim.name,
    suspects: judged,
    independent: strangers.map(({ name, suspected }) => judge(name, suspected)),
  };
}
