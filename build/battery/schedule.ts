import path from 'node:path';
import type { BatteryArguments } from './arguments.ts';
import type { Step } from './step.ts';
import { undefended } from './steps/undefended.ts';

/** Frozen: a changed step asks another question, and gets another id. In the order in which they run. */
export const schedule: readonly Step[] = [undefended];

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
