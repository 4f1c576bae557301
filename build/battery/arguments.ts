import path from 'node:path';
import { parseArgs } from 'node:util';

export const usage = `usage: npm run battery -- [options]

Runs the schedule of docs/battery.md, step by step, each one an audit in one database; run again after a kill or Ctrl-C,
it takes over what was done.

  --only IDS        comma-separated ids of steps (default: the schedule; --list names those beside it)
  --full            the whole scale: standard's evaluation, ResNet-18 surrogates, five seeds; a day on two cores
  --encoders DIR    folder with cifar10-supcon.onnx and cifar10-simclr.onnx (default: ../shared/encoders)
  --data DIR        folder with cifar10-jpeg/train and cifar10-jpeg/test (default: ../shared/data)
  --folder DIR      where database, results and logs go (default: battery)
  --write FILE      write what was found into a Markdown file, between its battery markers
  --report          run nothing: print what the folder holds
  --list            print the steps and end`;

export interface BatteryArguments {
  readonly only: readonly string[];
  readonly full: boolean;
  readonly encoders: string;
  readonly data: string;
  readonly folder: string;
  readonly write: string | undefined;
  readonly report: boolean;
  readonly list: boolean;
  readonly help: boolean;
}

const shared = path.join(import.meta.dirname, '..', '..', '..', 'shared');

/** @throws TypeError with one sentence for the user */
export function readArguments(args: readonly string[]): BatteryArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', default: '' },
      full: { type: 'boolean', default: false },
      encoders: { type: 'string', default: path.join(shared, 'encoders') },
      data: { type: 'string', default: path.join(shared, 'data') },
      folder: { type: 'string', default: 'battery' },
      write: { type: 'string' },
      report: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const only = values.only.split(',').filter((id) => id !== '');
  return { ...values, only, write: values.write };
}
