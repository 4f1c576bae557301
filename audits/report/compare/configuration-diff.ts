import type { AuditResult } from '../../contract/result.ts';

/** One thing in which two audits were set up differently. Null: absent there. */
export interface ConfigurationDifference {
  /** Path with dots: `config.policy.budget`. */
  readonly entry: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** Everything that shapes an audit's numbers, and what they were computed with. */
function shapeOf({
  moatVersion,
  config,
  encoder,
  data,
  environment,
}: AuditResult): Readonly<Record<string, unknown>> {
  return {
    moatVersion,
    config: { ...config, encoder: undefined },
    encoder: {
      digest: encoder.digest,
      output: encoder.output,
      pooling: encoder.pooling,
      preprocessing: encoder.preprocessing,
    },
    pool: { digest: data.pool.digest, rows: data.pool.rows },
    tasks: Object.fromEntries(
      data.tasks.map(({ name, fit, score }) => [name, { fit: fit.digest, score: score.digest }]),
    ),
    environment,
  };
}

export function configurationDiff(
  before: AuditResult,
  after: AuditResult,
): readonly ConfigurationDifference[] {
  const a = flatten(shapeOf(before));
  const b = flatten(shapeOf(after));
  return [...new Set([...a.keys(), ...b.keys()])].toSorted().flatMap((entry) => {
    const sides = { before: a.get(entry) ?? null, after: b.get(entry) ?? null };
    return sides.before === sides.after ? [] : [{ entry, ...sides }];
  });
}

/** Leaves by their path; a list is a leaf, since its order says what it is. */
function flatten(value: unknown, path = '', into = new Map<string, string>()): ReadonlyMap<string, string> {
  if (value === undefined) return into;
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    for (const [key, inner] of Object.entries(value))
      flatten(inner, path === '' ? key : `${path}.${key}`, into);
    return into;
  }
  into.set(path, typeof value === 'string' ? value : JSON.stringify(value));
  return into;
}
