import { mkdirSync } from 'node:fs';
import { exitCode, MoatError } from '../contract/errors.ts';
import { openDataset, type Dataset } from '../datasets/dataset.ts';
import type { ZooEntry } from '../run/zoo-manifest.ts';
import { trainingMethodIds, type TrainingMethodId } from '../training/choices.ts';
import { findTrainingMethod } from '../training/registry.ts';
import { zooMembers } from '../training/zoo-plan.ts';
import { commandName } from './command-name.ts';
import { displayPath, resolvePath, type CommandContext } from './context.ts';
import { formatDuration, formatFraction, plural } from './render/numbers.ts';
import { chooseTraining, type TrainingFlags } from './train-file.ts';
import { createTrainingProgress } from './training-progress.ts';
import { inTrainingSession } from './training-session.ts';
import { ZooWork } from './zoo-work.ts';

export interface ZooFlags extends TrainingFlags {
  readonly out?: string;
  readonly count?: number;
  readonly methods?: readonly TrainingMethodId[];
  readonly firstSeed?: number;
  readonly images?: number;
  readonly quiet?: boolean;
  readonly engine?: string;
  readonly device?: string;
  readonly json?: boolean;
}

const DEFAULT_COUNT = 20;
const DEFAULT_TIME_MS = 60_000;

/** Trains a zoo in front of a person; see `moat zoo train`. */
export async function startZoo(
  context: CommandContext,
  folders: readonly string[],
  flags: ZooFlags,
): Promise<void> {
  const { terminal } = context;
  const length = flags.epochs === undefined ? { time: flags.time ?? DEFAULT_TIME_MS } : {};
  const settings: TrainingFlags = { ...flags, ...length };
  const zoo = resolvePath(context, flags.out ?? 'zoo');
  const datasets: Dataset[] = [];
  for (const folder of folders) datasets.push(await openDataset(resolvePath(context, folder)));
  const members = zooMembers({
    count: flags.count ?? DEFAULT_COUNT,
    methods: datasets.map((dataset) => usableMethods(dataset, flags.methods)),
    firstSeed: flags.firstSeed ?? 1,
  });
  // What can be refused is refused before the first hour is spent.
  for (const { method, seed } of members) chooseTraining(method, seed, settings);
  mkdirSync(zoo, { recursive: true });
  const quiet = flags.quiet === true;
  const plain = createTrainingProgress(terminal, { quiet, clock: context.clock });
  const work = new ZooWork(context, { zoo, datasets, settings, images: flags.images, quiet, members });
  const isDone = await inTrainingSession(context, flags, plain, (session) => work.run(session));
  if (work.failures.length > 0 && isDone) context.exitCode = exitCode.error;
  if (flags.json === true)
    terminal.printJson({
      zoo,
      ...(isDone ? {} : { stopped: true }),
      wanted: members.length,
      trained: work.trained,
      encoders: work.done,
      failures: work.failures,
    });
  else if (isDone) for (const line of zooLines(displayPath(context, zoo), work)) terminal.print(line);
}

/** @throws MoatError `dataset-unlabelled` where methods were named that these images have no classes for */
function usableMethods(
  { name, classes }: Dataset,
  named: readonly TrainingMethodId[] | undefined,
): readonly TrainingMethodId[] {
  const usable = (named ?? trainingMethodIds).filter(
    (id) => classes.length >= 2 || !findTrainingMethod(id).needsClasses,
  );
  if (usable.length > 0) return usable;
  throw new MoatError(
    'dataset-unlabelled',
    `No method of --methods can train on ${name}: it has no classes.`,
  );
}

function zooLines(folder: string, { done, trained, failures }: ZooWork): readonly string[] {
  const accuracy = ({ trained: look }: ZooEntry): string => {
    const value = look?.['neighborAccuracy'] ?? null;
    return value === null ? '' : `, kNN accuracy ${formatFraction(value)}`;
  };
  return [
    `${folder}: ${plural(done.length, 'encoder')}, ${trained} trained now`,
    ...done.map(
      (entry) =>
        `  ${entry.file}: ${entry.images.name}, ${entry.stepsDone} steps in ${formatDuration(entry.elapsedMs)}${accuracy(entry)}`,
    ),
    ...failures.map((failure) => `  given up: ${failure}`),
    `Judge a suspect beside them with: ${commandName} own --suspect FILE --victim FILE --zoo ${folder}`,
  ];
}
