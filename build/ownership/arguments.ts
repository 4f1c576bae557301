import path from 'node:path';
import { parseArgs } from 'node:util';

export const usage = `usage: node build/bootstrap.mjs build/ownership/main.ts [options]

Trains victims and a zoo of independent encoders, steals from the victims, and judges victims, copies, copies in disguise and every
independent encoder by every ownership test (docs/ownership.md). Run again after a kill, it takes over what was trained.

  --data DIR        folder with train/CLASS and test/CLASS (default: ../shared/data/cifar10-jpeg)
  --work DIR        where image sets, encoders and results go (default: ownership-measurement)
  --per-class N     private images per class; as many in each other set (default: 300)
  --count N         independent encoders that saw no private image (default: 20)
  --epochs N        of victims and zoo (default: 12)
  --long-epochs N   of the victims that are to memorise their images (default: 60)
  --queries N       of each thief (default: 2000)
  --resolution N, --dimension N, --batch N    of all encoders (default: 32, 128, 128)
  --report          train nothing: judge what the folder holds`;

export interface MeasurementArguments {
  readonly data: string;
  readonly work: string;
  readonly perClass: number;
  readonly count: number;
  readonly epochs: number;
  readonly longEpochs: number;
  readonly queries: number;
  readonly resolution: number;
  readonly dimension: number;
  readonly batch: number;
  readonly report: boolean;
  readonly help: boolean;
}

const shared = path.join(import.meta.dirname, '..', '..', '..', 'shared');

/** @throws TypeError with one sentence for the user */
export function readArguments(args: readonly string[]): MeasurementArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      data: { type: 'string', default: path.join(shared, 'data', 'cifar10-jpeg') },
      work: { type: 'string', default: 'ownership-measurement' },
      'per-class': { type: 'string', default: '300' },
      count: { type: 'string', default: '20' },
      epochs: { type: 'string', default: '12' },
      'long-epochs': { type: 'string', default: '60' },
      queries: { type: 'string', default: '2000' },
      resolution: { type: 'string', default: '32' },
      dimension: { type: 'string', default: '128' },
      batch: { type: 'string', default: '128' },
      report: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const whole = (flag: keyof typeof values): number => {
    const value = Number(values[flag]);
    if (!Number.isSafeInteger(value) || value < 1)
      throw new TypeError(`--${flag} takes a whole number from 1.`);
    return value;
  };
  return {
    data: path.resolve(values.data),
    work: path.resolve(values.work),
    perClass: whole('per-class'),
    count: whole('count'),
    epochs: whole('epochs'),
    longEpochs: whole('long-epochs'),
    queries: whole('queries'),
    resolution: whole('resolution'),
    dimension: whole('dimension'),
    batch: whole('batch'),
    report: values.report,
    help: values.help,
  };
}
