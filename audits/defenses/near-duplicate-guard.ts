import { z } from 'zod';
import { matrix, matrixRow, type Matrix } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';
import type { ProviderStatistics } from '../contract/method.ts';
import { defineDefense } from './define-defense.ts';
import { oncePerProvider } from './per-provider.ts';
import { createRowHistory, type RowHistory } from './row-history.ts';

/**
 * Answers near-duplicates of an account's earlier queries with noise (Dziedzic et al. 2022, 5.3, A.2, tables 12 to 15):
 * a query is flagged when `max_h cos(z, z_h) > tau`, or `min_h ||z - z_h|| < tau`, over the account's history of clean
 * projections (or embeddings); a flagged reply is replaced by `N(mean, sigma^2)` noise, all others are exact.
 *
 * Threat model: contrastive thieves send two views of one image. It does nothing against one view per image, nor
 * against views split over accounts; and whoever embeds the same image twice gets noise the second time.
 *
 * The paper's setting is `tau=0.5:scale=absolute:replacementMean=1000:sigma=20` on projections.
 */
const config = z.object({
  /** What is compared. `auto`: projections where the victim has them, else embeddings. */
  on: z.enum(['auto', 'embedding', 'projection']).default('auto'),
  rule: z.enum(['cosine', 'l2']).default('cosine'),
  /** A cosine or a distance (paper: 0.5, and 13 on projections, 18 on embeddings), or `calibrated` to `falsePositiveRate`. */
  tau: z.union([z.literal('calibrated'), z.number()]).default('calibrated'),
  /**
   * Share of distinct images flagged once the history is as long as the calibration data (up to 1000 images); it is
   * less with a shorter history and more with a longer one. 0.01: one honest reply of a hundred.
   */
  falsePositiveRate: z.number().min(0).max(1).default(0.01),
  /** Mean of a replaced coordinate, in the unit of `scale`. 0, relative: noise that passes for an embedding. */
  replacementMean: z.number().min(-1e6).max(1e6).default(0),
  /** Standard deviation of a replaced coordinate, in the unit of `scale`. */
  sigma: z.number().min(0).max(1e6).default(1),
  /** `relative`: standard deviations of each dimension around its mean over the provider's data; `absolute`: embedding units. */
  scale: z.enum(['relative', 'absolute']).default('relative'),
  /**
   * `account`: all an account ever sent. `batch`: forgotten after every `batchRows` rows, as the released code does:
   * replies then depend on where a batch begins, and a thief who spreads views over batches is never flagged.
   */
  history: z.enum(['account', 'batch']).default('account'),
  /** Rows between two resets; counted per account, so that the size of a request makes no difference. 512: 256 images in two views. */
  batchRows: z.int().min(2).max(1_000_000).default(512),
  /** Share of an account's rows flagged that raises an alarm (SEAT, 2021: a tenth). */
  alarmShare: z.number().min(0).max(1).default(0.1),
});

type Config = z.infer<typeof config>;

/** Rows before an alarm: below, one flagged row is already more than a hundredth. */
const ROWS_BEFORE_ALARM = 100;

export const nearDuplicateGuard = defineDefense({
  meta: {
    id: 'near-duplicate-guard',
    version: 2,
    title: 'Near-duplicate guard',
    summary: 'Answers near-duplicates of an account’s earlier queries with noise.',
    reference: {
      authors: 'A. Dziedzic, N. Dhawan, M. A. Kaleem, J. Guan, N. Papernot',
      title: 'On the Difficulty of Defending Self-Supervised Learning against Model Extraction',
      venue: 'ICML',
      year: 2022,
      url: 'https://arxiv.org/abs/2205.07890',
    },
    mechanism: 'A thief who needs two views of one image gets noise for the second.',
    mustFace: [
      'direct-extraction',
      'repeat-averaging',
      'view-averaging',
      'sybil-remap',
      'defense-aware-schedule',
    ],
    stateful: true,
    detects: true,
  },
  config,
  openSession({ config: settings, provider, account, rng }) {
    const noise = rng.derive(`account/${account}/replacement`);
    const replace = replacement(settings, provider);
    let history: RowHistory | undefined;
    let rows = 0;
    let flagged = 0;
    let alarmAtRow: number | null = null;
    return {
      reply(embeddings, _inputs, projections) {
        const compared = watchedRows(settings.on, embeddings, projections);
        history ??= createRowHistory(compared.columns);
        const data = embeddings.data.slice();
        for (let row = 0; row < embeddings.rows; row++, rows++) {
          if (settings.history === 'batch' && rows % settings.batchRows === 0) history.clear();
          const query = matrixRow(compared, row);
          const tau =
            settings.tau === 'calibrated'
              ? calibratedTau(provider, { settings, onProjections: compared === projections })
              : settings.tau;
          if (isNearDuplicate(settings.rule, history, query, tau)) {
            flagged += 1;
            for (let column = 0; column < embeddings.columns; column++)
              data[row * embeddings.columns + column] = replace(column, noise.normal());
          }
          history.add(query);
          if (rows + 1 >= ROWS_BEFORE_ALARM && flagged / (rows + 1) > settings.alarmShare)
            alarmAtRow ??= rows;
        }
        return matrix(data, embeddings.rows, embeddings.columns);
      },
      detection: () => ({ score: rows === 0 ? 0 : flagged / rows, alarmAtRow, flaggedRows: flagged }),
    };
  },
});

/** @throws MoatError `configuration-invalid` where projections are demanded of a victim that has none */
function watchedRows(on: Config['on'], embeddings: Matrix, projections: Matrix | undefined): Matrix {
  if (on === 'projection' && projections === undefined)
    throw new MoatError(
      'configuration-invalid',
      'near-duplicate-guard:on=projection needs an encoder with a projection output; use on=embedding.',
    );
  return on === 'embedding' ? embeddings : (projections ?? embeddings);
}

function isNearDuplicate(
  rule: Config['rule'],
  history: RowHistory,
  query: Float32Array,
  tau: number,
): boolean {
  return rule === 'cosine' ? history.largestCosine(query) > tau : history.smallestDistance(query) < tau;
}

/** The value of a replaced coordinate for a standard normal draw. */
function replacement(
  { scale, replacementMean, sigma }: Config,
  provider: ProviderStatistics,
): (column: number, draw: number) => number {
  if (scale === 'absolute') return (_, draw) => replacementMean + sigma * draw;
  return (column, draw) =>
    (provider.mean[column] ?? 0) +
    (provider.standardDeviation[column] ?? 0) * (replacementMean + sigma * draw);
}

/**
 * The similarity to the nearest other calibration image which the given share of them exceeds. Images that are exact
 * copies of another one are left out: they are duplicates, not false positives.
 */
const calibratedTau = oncePerProvider(
  (
    provider,
    { settings, onProjections }: { readonly settings: Config; readonly onProjections: boolean },
  ): number => {
    const sample = onProjections ? provider.projections : provider.embeddings;
    if (sample === undefined)
      throw new MoatError(
        'configuration-invalid',
        'near-duplicate-guard cannot calibrate tau on projections that the provider’s data lack; give a number.',
      );
    const nearest = nearestAmong(sample, settings.rule);
    const closeness = settings.rule === 'cosine' ? nearest : nearest.map((distance) => -distance);
    const bound = upperQuantile(closeness, settings.falsePositiveRate);
    return settings.rule === 'cosine' ? bound : -bound;
  },
  ({ settings, onProjections }) => JSON.stringify([settings.rule, settings.falsePositiveRate, onProjections]),
);

/** Per distinct row the cosine, or the distance, to the nearest other distinct row; `[distinct rows]`. */
function nearestAmong(sample: Matrix, rule: Config['rule']): readonly number[] {
  const distinct = [
    ...new Map(
      Array.from({ length: sample.rows }, (_, row) => matrixRow(sample, row)).map((row) => [row.join(), row]),
    ).values(),
  ];
  const before = createRowHistory(sample.columns);
  const after = createRowHistory(sample.columns);
  const nearest = distinct.map(() => (rule === 'cosine' ? -Infinity : Infinity));
  const look = (history: RowHistory, at: number): void => {
    const row = distinct[at] ?? new Float32Array(sample.columns);
    nearest[at] =
      rule === 'cosine'
        ? Math.max(nearest[at] ?? 0, history.largestCosine(row))
        : Math.min(nearest[at] ?? 0, history.smallestDistance(row));
    history.add(row);
  };
  for (let at = 0; at < distinct.length; at++) look(before, at);
  for (let at = distinct.length - 1; at >= 0; at--) look(after, at);
  return nearest;
}

/** The value which `share` of the finite values exceed (the largest one for a share of 0); Infinity where there is none. */
function upperQuantile(values: readonly number[], share: number): number {
  const descending = values.filter(Number.isFinite).toSorted((a, b) => b - a);
  const at = Math.min(descending.length - 1, Math.floor(share * descending.length));
  return descending[at] ?? Infinity;
}
