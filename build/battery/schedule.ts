import path from 'node:path';
import type { BatteryArguments } from './arguments.ts';
import type { Step } from './step.ts';
import { accountTransforms } from './steps/account-transforms.ts';
import { calibratedCoverage, publishedCoverage } from './steps/coverage-noise.ts';
import { detectors } from './steps/detectors.ts';
import { copy, ends } from './steps/ends.ts';
import { honestUsers } from './steps/honest-users.ts';
import { nearDuplicates } from './steps/near-duplicates.ts';
import { noise, offset } from './steps/noise.ts';
import { standardInAnHour } from './steps/standard-in-an-hour.ts';
import { undefended } from './steps/undefended.ts';
import { watermarks } from './steps/watermarks.ts';

/** Frozen: a changed step asks another question, and gets another id. In the order in which they run. */
export const schedule: readonly Step[] = [
  ends,
  copy,
  undefended,
  noise,
  offset,
  accountTransforms,
  publishedCoverage,
  calibratedCoverage,
  nearDuplicates,
  detectors,
  honestUsers,
];

/** Run only where `--only` names them: each takes about an hour. */
export const extraSteps: readonly Step[] = [standardInAnHour, watermarks];

/** Arguments of `moat audit` that all steps share. */
export function commonArguments({ encoders, data, full }: BatteryArguments): readonly string[] {
  const images = path.join(data, 'cifar10-jpeg');
  return [
    path.join(encoders, 'cifar10-supcon.onnx'),
    '--pool',
    path.join(images, 'train'),
    '--task',
    `cifar10=${images}`,
    '--engine',
    'onnx',
    '--device',
    'cpu',
    ...(full
      ? ['--preset', 'standard', '--surrogate', 'resnet18', '--seeds', '5']
      : ['--preset', 'quick', '--seeds', '3']),
  ];
}

/** A step's own arguments with its folders filled in. */
export function ownArguments(step: Step, { encoders }: BatteryArguments): readonly string[] {
  return step.arguments.map((argument) => argument.replace('{encoders}', encoders));
}
