import type { MetricRow } from '../formats/metric-rows.ts';

/** Of a copy, more is more stolen, but for these two. */
const copyExceptions = new Set(['raw-l2', 'mark-score']);
/** Counted and not measured: a difference means that something else was run. */
const counted = new Set([
  'queries-used',
  'unique-inputs',
  'elapsed-ms',
  'no-victim-probe-accuracy',
  'reply-overhead-microseconds',
  'reply-overhead-bytes',
  // Figures of one ownership test that have no interval, or are those of other encoders than the copy.
  'ownership-score-of-victim',
  'ownership-score-independent',
  'ownership-effect',
  'ownership-p',
  'ownership-false-claims',
]);
const worseWhenHigher = new Set([
  'worst-stolen-gain',
  'worst-honest-loss',
  'probe-loss',
  'knn-loss',
  'refused-share',
  'queries-until-alarm',
  'stolen-gain-at-alarm',
  'near-duplicate-fpr',
  'near-duplicate-fnr',
]);

/** Which way a number is good for the provider; undefined for one that is neither good nor bad. */
export function higherIs({
  kind,
  metric,
  user,
}: Pick<MetricRow, 'kind' | 'metric' | 'user'>): 'better' | 'worse' | undefined {
  if (counted.has(metric)) return undefined;
  // Random signs are a control; and a victim that stays right withstood.
  if (metric.startsWith('fgsm-random-success-')) return undefined;
  if (metric.startsWith('fgsm-victim-accuracy-')) return 'better';
  // More like the victim than a stranger is: easier to prove. That it is a better copy, the copy's own rows say.
  if (kind === 'ownership') return 'better';
  if (kind === 'attack') return copyExceptions.has(metric) ? 'better' : 'worse';
  // An alarm on an honest account is an error, one on a thief the purpose.
  if (metric === 'alarm-rate') return user?.startsWith('honest') === true ? 'worse' : 'better';
  return worseWhenHigher.has(metric) ? 'worse' : 'better';
}
