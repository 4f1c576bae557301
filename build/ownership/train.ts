import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import type { MeasurementArguments } from './arguments.ts';
import type { ImageSets } from './image-sets.ts';

/** Victims and zoo, by the commands that users have. */

export interface Victim {
  readonly name: string;
  readonly method: string;
  readonly seed: number;
  /**
   * `stolen`: thieves copy it. `twin`: of another seed, as near to the stolen one as an honest encoder can be. `memorised`: trained so
   * long that it knows its images by heart, for dataset inference.
   */
  readonly role: 'stolen' | 'twin' | 'memorised';
}

export interface TrainedVictim extends Victim {
  readonly file: string;
}

/** A seed that no zoo reaches: an encoder is no stranger to itself. */
const TWIN_SEED = 90;

const victims: readonly Victim[] = (['simclr', 'supervised'] as const).flatMap((method) => [
  { name: `${method}-0`, method, seed: 0, role: 'stolen' as const },
  { name: `${method}-${TWIN_SEED}`, method, seed: TWIN_SEED, role: 'twin' as const },
  { name: `${method}-long-0`, method, seed: 0, role: 'memorised' as const },
]);

/** Trains what is missing; with `report`, nothing. @returns those that are there, and the zoo's folder */
export function trainEncoders(
  args: MeasurementArguments,
  sets: ImageSets,
): { readonly victims: readonly TrainedVictim[]; readonly zoo: string } {
  const { resolution, dimension, batch, epochs, longEpochs, count, work } = args;
  const zoo = path.join(work, 'zoo');
  const network = flagsOf({ resolution, dimension, batch });
  const planned = victims.map((victim) => ({
    ...victim,
    file: path.join(work, 'victims', `${victim.name}.onnx`),
  }));
  if (!args.report) {
    for (const { file, method, seed, role } of planned)
      if (!existsSync(file))
        moat([
          'train',
          sets.private,
          ...flagsOf({ method, seed, out: file, epochs: role === 'memorised' ? longEpochs : epochs }),
          ...network,
        ]);
    const members = [...flagsOf({ out: zoo, epochs }), ...network];
    // Of the victims' own images fewer are enough: each method twice.
    moat(['zoo', 'train', sets.private, '--count', '8', ...members]);
    moat(['zoo', 'train', ...sets.others, '--count', String(count), ...members]);
  }
  return { victims: planned.filter(({ file }) => existsSync(file)), zoo };
}

function flagsOf(values: Readonly<Record<string, string | number>>): readonly string[] {
  return Object.entries(values).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

function moat(args: readonly string[]): void {
  const main = path.join(import.meta.dirname, '..', '..', 'audits', 'cli', 'main.ts');
  const node = ['--disable-warning=ExperimentalWarning', main, ...args];
  const { status, signal } = spawnSync(process.execPath, node, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new Error(`moat ${args[0] ?? ''} ended with ${status ?? signal}`);
}
