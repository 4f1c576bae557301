import { missingData } from './data-at-hand.ts';
import { notRun, place, type Means, type Place, type Source, type TablePlan } from './table.ts';
import { attackArguments, imagesTrained, taskArguments, victimOf } from './theft.ts';

/** What Tables 10 to 12 have in common: one attack through several defenses, and what an honest user has left. */
export interface DefendedSettings {
  readonly rows: readonly {
    readonly row: string;
    readonly defenses: readonly {
      /** Columns of user and attacker. */
      readonly user: string;
      readonly attacker: string;
      /** Canonical spelling; undefined for none. */
      readonly defense: string | undefined;
    }[];
  }[];
  readonly attack: string;
  readonly queries: number;
  readonly minutes: number | null;
}

const TASK = 'cifar10';

export function planDefenses(means: Means, settings: DefendedSettings): TablePlan {
  const { data, scale } = means;
  const { attack, queries, rows, minutes } = settings;
  const sources = new Map<Place, Source>();
  const cifar10 = data.cifar10;
  const budget = scale.queries(queries);
  const step = 'defenses';
  for (const { row, defenses } of rows)
    for (const { user, attacker, defense } of defenses) {
      const common = { kind: 'cells', step, task: TASK } as const;
      const found = (source: Source): Source =>
        cifar10 === undefined ? notRun(missingData('cifar10')) : source;
      sources.set(
        place(row, attacker),
        found({
          ...common,
          work: 'attack',
          attack,
          ...(defense === undefined ? {} : { defense }),
          ...(budget === null ? {} : { budget }),
          metric: 'probe-accuracy',
        }),
      );
      sources.set(
        place(row, user),
        found(
          // Undefended the user fits on the victim's own embeddings.
          defense === undefined
            ? { ...common, work: 'victim', metric: 'probe-accuracy' }
            : { ...common, work: 'honest', defense, metric: 'honest-probe-accuracy' },
        ),
      );
    }
  if (cifar10 === undefined) return { steps: [], sources };
  const { encoder, steps } = victimOf('cifar10', means);
  const defenses = rows.flatMap((row) => row.defenses.flatMap(({ defense }) => defense ?? []));
  return {
    steps: [
      ...steps,
      {
        kind: 'audit',
        id: step,
        title: 'thefts through each defense',
        encoder,
        arguments: [
          '--pool',
          cifar10.test,
          ...taskArguments(means, TASK),
          ...attackArguments(means, [{ attack, queries }]),
          '--defenses',
          [...new Set(defenses)].join(','),
        ],
        minutes: scale.id === 'reduced' ? minutes : null,
        trainedImages: imagesTrained(
          means,
          [undefined, ...new Set(defenses)].map(() => ({ queries })),
        ),
      },
    ],
    sources,
  };
}
