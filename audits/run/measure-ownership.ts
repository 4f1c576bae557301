import type { Measurement } from '../contract/cell.ts';
import type { Images, Matrix } from '../contract/data.ts';
import type { EncoderObservations, OwnershipContext } from '../contract/ownership.ts';
import { auditTests, ownershipMetric } from '../ownership/audit-tests.ts';
import { readEncoder } from '../ownership/judge.ts';

/** Ownership tests on the encoders of an audit: copies, controls, the victim itself and a user's independent encoders alike. */

/** What every encoder of an audit is compared on, and how. */
export interface OwnershipTarget {
  readonly context: OwnershipContext;
  /** Beside the images to score, where the owner named some; each encoder brings them to its own size. */
  readonly private?: Images | undefined;
  readonly public?: Images | undefined;
}

/** An encoder as ownership tests ask it. */
export interface Asked {
  readonly name: string;
  /** Its embeddings of the first task's images to score `[rows, dimension]`. */
  readonly scored: Matrix;
  embed(images: Images): Promise<Matrix>;
}

/**
 * One reading per test that can be made of this encoder; one that cannot (another dimension, no private images) is left out.
 * @throws MoatError `cancelled`
 */
export async function measureOwnership(
  target: OwnershipTarget,
  asked: Asked,
): Promise<readonly Measurement[]> {
  const embed = async (images: Images | undefined): Promise<Matrix | undefined> =>
    images === undefined ? undefined : asked.embed(images);
  const own = await embed(target.private);
  return readings(target, observe(asked.name, asked.scored, own, await embed(target.public)));
}

/** The victim's own readings: the most that a copy can be expected to score. */
export function measureVictim(target: OwnershipTarget): Promise<readonly Measurement[]> {
  return readings(target, target.context.victim);
}

/** Compared on private images where there are some, else on those to score. */
export function observe(
  name: string,
  scored: Matrix,
  own: Matrix | undefined,
  strangers: Matrix | undefined,
): EncoderObservations {
  return {
    name,
    compared: own ?? scored,
    ...(own === undefined ? {} : { private: { embeddings: own } }),
    ...(strangers === undefined ? {} : { public: { embeddings: strangers } }),
  };
}

async function readings(
  { context, private: own, public: strangers }: OwnershipTarget,
  encoder: EncoderObservations,
): Promise<readonly Measurement[]> {
  const tests = auditTests(own !== undefined && strangers !== undefined);
  const found = await readEncoder(context, encoder, tests);
  return found.flatMap((reading, i): Measurement[] => {
    const test = tests[i];
    if (test === undefined || 'reason' in reading) return [];
    const { statistic: value, unit, n } = reading;
    return [{ metric: ownershipMetric(test), task: null, value, unit, n }];
  });
}
