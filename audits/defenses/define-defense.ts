import type { z } from 'zod';
import { completeSpec } from '../contract/configuration.ts';
import type { Matrix } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';
import type {
  DefenseCharges,
  DefenseDefinition,
  DefenseSession,
  Detection,
  MarkInput,
} from '../contract/method.ts';

/**
 * The careful base of every defense: completes the config by its schema, checks what goes in and what comes out
 * of a session, and freezes the definition, so that a method file holds only its mechanism.
 * Sessions throw RangeError when batch and identities disagree in length or the batch has another width than the
 * provider's statistics (bugs of the caller), and MoatError `internal` when the defense returns a wrong shape,
 * a value that is not finite, or the caller's own memory. Verifiers of marks likewise: RangeError for a suspect of another
 * number of rows than the provider's images, `internal` for a score that is not finite.
 */
export function defineDefense<Config extends z.ZodObject>(
  definition: DefenseDefinition<Config>,
): DefenseDefinition {
  const { meta, config: schema } = definition;
  const complete = (config: Readonly<Record<string, unknown>>): z.infer<Config> =>
    completeSpec(definition, config).config as z.infer<Config>;
  const outputDimension = (config: Readonly<Record<string, unknown>>, input: number): number =>
    definition.outputDimension?.(complete(config), input) ?? input;

  return Object.freeze<DefenseDefinition>({
    meta: Object.freeze({ ...meta, mustFace: Object.freeze([...meta.mustFace]) }),
    config: schema,
    mustFace: (config) => definition.mustFace?.(complete(config)) ?? meta.mustFace,
    outputDimension,
    ...(definition.recording === undefined
      ? {}
      : {
          recording: (config: Readonly<Record<string, unknown>>) =>
            definition.recording?.(complete(config)) ?? { file: '', digest: '' },
        }),
    ...(definition.markKey === undefined
      ? {}
      : {
          markKey: (config: Readonly<Record<string, unknown>>) =>
            definition.markKey?.(complete(config)) ?? { file: '', digest: '' },
        }),
    openSession({ config, provider, account, rng, recorded }) {
      const session = definition.openSession({ config: complete(config), provider, account, rng, recorded });
      const inputColumns = provider.embeddings.columns;
      return checkedSession(meta.id, session, inputColumns, outputDimension(config, inputColumns));
    },
    ...(definition.verify === undefined
      ? {}
      : {
          verify(suspect: Matrix, mark: MarkInput<Readonly<Record<string, unknown>>>) {
            const { rows } =
              definition.markKey === undefined
                ? mark.provider.embeddings
                : (mark.inEncoder?.victim ?? suspect);
            if (suspect.rows !== rows)
              throw new RangeError(`a suspect's ${suspect.rows} rows for the provider's ${rows}`);
            const score = definition.verify?.(suspect, { ...mark, config: complete(mark.config) });
            if (score === undefined || !Number.isFinite(score))
              throw new MoatError('internal', `The mark of ${meta.id} was scored ${score}.`);
            return score;
          },
        }),
  });
}

function checkedSession(
  id: string,
  session: DefenseSession,
  inputColumns: number,
  outputColumns: number,
): DefenseSession {
  return Object.freeze({
    ...(session.detection === undefined ? {} : { detection: () => session.detection?.() as Detection }),
    ...(session.charges === undefined ? {} : { charges: () => session.charges?.() as DefenseCharges }),
    reply(embeddings: Matrix, inputs: readonly string[], projections?: Matrix): Matrix {
      if (inputs.length !== embeddings.rows)
        throw new RangeError(`${inputs.length} identities for ${embeddings.rows} rows`);
      if (projections !== undefined && projections.rows !== embeddings.rows)
        throw new RangeError(`${projections.rows} projections for ${embeddings.rows} rows`);
      if (embeddings.columns !== inputColumns)
        throw new RangeError(
          `${id} was calibrated on ${inputColumns} dimensions and got ${embeddings.columns}`,
        );
      const reply = session.reply(embeddings, inputs, projections);
      const complaint = fault(reply, embeddings, outputColumns);
      if (complaint !== undefined)
        throw new MoatError('internal', `The defense ${id} returned ${complaint}.`);
      return reply;
    },
  });
}

function fault(reply: Matrix, embeddings: Matrix, outputColumns: number): string | undefined {
  if (reply.rows > embeddings.rows || reply.columns !== outputColumns)
    return `${reply.rows} x ${reply.columns} values where ${embeddings.rows} x ${outputColumns} were promised`;
  if (reply.data.length !== reply.rows * reply.columns) return 'a matrix whose shape does not fit its values';
  // The clean embeddings are cached and shared by every cell: a reply must never alias them.
  if (reply.data.buffer === embeddings.data.buffer) return 'the memory of the clean embeddings';
  const at = reply.data.findIndex((value) => !Number.isFinite(value));
  return at < 0 ? undefined : `a value that is not finite (row ${Math.floor(at / reply.columns)})`;
}
