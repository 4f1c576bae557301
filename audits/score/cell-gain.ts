import type { CellKey } from '../contract/cell.ts';
import type { CellRow } from '../store/types.ts';
import type { MethodFacts } from './method-facts.ts';

/** Probe accuracy of cells by task. */
export type Accuracies = ReadonlyMap<CellKey, ReadonlyMap<string, number>>;

export type GainedCell = Pick<CellRow, 'key' | 'work' | 'attackLabel'>;

/** The metric that stolen gain is reckoned from here. */
export const gainMetric = 'probe-accuracy';

interface Reference {
  readonly victim: number;
  /** A0 of an attacker without a public encoder, and of one who holds it. */
  readonly without: number | undefined;
  readonly backbone: number | undefined;
}

/**
 * Stolen gain of single cells, without intervals, as soon as they are measured: what a matrix shows while it fills. A0 is
 * chosen as `stolen-gain.ts` says, by the means of the controls measured so far. Verdicts rest on groups of cells and
 * their intervals, never on these.
 * @param cells of the whole audit
 * @returns the mean over the tasks on which the victim is better than A0; null where there is none
 */
export function cellGains(
  cells: readonly GainedCell[],
  accuracies: Accuracies,
  facts: Pick<MethodFacts, 'isControl' | 'usesBackbone'>,
): (cell: GainedCell) => number | null {
  const victims: GainedCell[] = [];
  const controls = new Map<string, { usesBackbone: boolean; members: GainedCell[] }>();
  for (const cell of cells) {
    const { work } = cell;
    if (work.kind === 'victim') victims.push(cell);
    if (work.kind !== 'attack' || !facts.isControl(work.attack)) continue;
    const name = JSON.stringify([cell.attackLabel, work.budget, work.accounts]);
    const group = controls.get(name) ?? {
      usesBackbone: facts.usesBackbone(work.attack, work.surrogate),
      members: [],
    };
    group.members.push(cell);
    controls.set(name, group);
  }
  const references = new Map<string, Reference>();
  const meanOn = (members: readonly GainedCell[], task: string): number | undefined =>
    mean(members.flatMap(({ key }) => accuracies.get(key)?.get(task) ?? []));
  for (const task of new Set(victims.flatMap(({ key }) => [...(accuracies.get(key)?.keys() ?? [])]))) {
    const victim = meanOn(victims, task);
    if (victim === undefined) continue;
    const measured = [...controls.values()].flatMap(({ usesBackbone, members }) => {
      const accuracy = meanOn(members, task);
      return accuracy === undefined ? [] : [{ usesBackbone, accuracy }];
    });
    const plain = largest(measured.filter(({ usesBackbone }) => !usesBackbone));
    const hasBackbone = measured.some(({ usesBackbone }) => usesBackbone);
    references.set(task, {
      victim,
      without: plain,
      backbone: hasBackbone ? largest(measured) : undefined,
    });
  }
  return ({ key, work }) => {
    if (work.kind !== 'attack') return null;
    const usesBackbone = facts.usesBackbone(work.attack, work.surrogate);
    const gains = [...(accuracies.get(key) ?? [])].flatMap(([task, accuracy]) => {
      const reference = references.get(task);
      const baseline = usesBackbone ? reference?.backbone : reference?.without;
      if (reference === undefined || baseline === undefined || reference.victim <= baseline) return [];
      return [(accuracy - baseline) / (reference.victim - baseline)];
    });
    return mean(gains) ?? null;
  };
}

function mean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function largest(measured: readonly { readonly accuracy: number }[]): number | undefined {
  return measured.length === 0 ? undefined : Math.max(...measured.map(({ accuracy }) => accuracy));
}
