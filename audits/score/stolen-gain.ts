import { bounds, combine, type Replicated } from './intervals.ts';

/**
 * Stolen gain `(acc(g) - acc(A0)) / (acc(f) - acc(A0))`: of the victim's advantage over what the attacker could have
 * had without a single query, the share that the surrogate took. 0: nothing, 1: everything; it may leave [0, 1].
 */

/** A no-victim control with its probe accuracy on one task. */
export interface Control {
  readonly label: string;
  readonly usesBackbone: boolean;
  readonly accuracy: Replicated;
}

/**
 * A0 of an attacker class: the best control that class could have had, by its mean over seeds. An attacker who holds a
 * public backbone may use any control, one without only those without. Chosen once per audit and task, not per
 * replicate. Undefined when the class has no control, in particular a backbone attacker without a backbone control:
 * measured against less than they hold, their gain would be overstated.
 */
export function chooseBaseline(controls: readonly Control[], usesBackbone: boolean): Control | undefined {
  if (usesBackbone && !controls.some((control) => control.usesBackbone)) return undefined;
  const allowed = controls.filter((control) => usesBackbone || !control.usesBackbone);
  return allowed.reduce<Control | undefined>(
    (best, control) => (best === undefined || control.accuracy.value > best.accuracy.value ? control : best),
    undefined,
  );
}

/** The victim's advantage `acc(f) - acc(A0)`; stolen gain divides by it. */
export function advantage(victim: Replicated, baseline: Replicated): Replicated {
  return combine([victim, baseline], ([f = Number.NaN, a = Number.NaN]) => f - a);
}

/** Whether the advantage is above zero: its lower bound, or its value where it has no interval. */
export function hasAdvantage(victim: Replicated, baseline: Replicated): boolean {
  const gap = advantage(victim, baseline);
  return (bounds(gap).low ?? gap.value) > 0 && gap.value > 0;
}

/** Stolen gain of a surrogate's accuracy, replicate by replicate; undefined without an advantage to steal. */
export function stolenGain(
  surrogate: Replicated,
  baseline: Replicated,
  victim: Replicated,
): Replicated | undefined {
  if (!hasAdvantage(victim, baseline)) return undefined;
  const gain = combine(
    [surrogate, baseline, victim],
    ([g = Number.NaN, a = Number.NaN, f = Number.NaN]) => (g - a) / (f - a),
  );
  return { ...gain, seeds: surrogate.seeds };
}
