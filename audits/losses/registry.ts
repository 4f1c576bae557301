import { MoatError } from '../contract/errors.ts';
import { barlow } from './barlow.ts';
import { cosine } from './cosine.ts';
import { infonce } from './infonce.ts';
import type { LossDefinition } from './loss.ts';
import { maskedMse } from './masked-mse.ts';
import { mse } from './mse.ts';
import { softnn } from './softnn.ts';
import { supcon } from './supcon.ts';
import { symmetrized } from './symmetrized.ts';
import { wasserstein } from './wasserstein.ts';

/** Every loss by which a surrogate can be compared with embeddings. */
export const losses = [
  mse,
  cosine,
  infonce,
  softnn,
  wasserstein,
  supcon,
  barlow,
  symmetrized,
  maskedMse,
] as const satisfies readonly LossDefinition[];

/** The ids an attack's `loss` setting may name. */
export const lossIds = [
  'mse',
  'cosine',
  'infonce',
  'softnn',
  'wasserstein',
  'supcon',
  'barlow',
  'symmetrized',
  'masked-mse',
] as const;

export type LossId = (typeof lossIds)[number];

/** @throws MoatError `method-unknown` with the known ids. */
export function findLoss(id: string): LossDefinition {
  const loss = losses.find((candidate) => candidate.id === id);
  if (loss === undefined)
    throw new MoatError('method-unknown', `There is no loss "${id}"; there are ${lossIds.join(', ')}.`);
  return loss;
}

/** Settings that name a loss: an attack's own, or in the spelling of an attack it wraps (`direct-extraction/loss=softnn`). */
const NAMED_IN_BASE = /(?:^|[/:+])loss=([^/:+]*)/g;

/**
 * Versions beyond 1 of the losses that an attack's configuration names, its own or that of an attack it wraps; undefined
 * where there are none, so that keys of other cells stay as they were.
 */
export function lossVersions(config: Readonly<Record<string, unknown>>): Record<string, number> | undefined {
  const values = Object.entries(config).flatMap(([name, value]): readonly string[] =>
    typeof value !== 'string'
      ? []
      : name === 'loss'
        ? [value]
        : [...value.matchAll(NAMED_IN_BASE)].map(([, id = '']) => id),
  );
  const named = (losses as readonly LossDefinition[]).flatMap(({ id, version = 1 }) =>
    version > 1 && values.includes(id) ? [[id, version] as const] : [],
  );
  return named.length === 0 ? undefined : Object.fromEntries(named);
}
