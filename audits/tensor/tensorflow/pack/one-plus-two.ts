import { createRequire } from 'node:module';
import process from 'node:process';
import type { Binding } from '../binding.ts';

const require = createRequire(import.meta.url);

/** 1 + 2, computed by a binding alone. For a process of its own: a library that aborts takes the process with it. */
export function onePlusTwo(file: string): number {
  process.env['TF_CPP_MIN_LOG_LEVEL'] = '3';
  const binding = require(file) as Binding;
  const one = binding.createTensor([1], binding.TF_FLOAT, Float32Array.of(1));
  const two = binding.createTensor([1], binding.TF_FLOAT, Float32Array.of(2));
  const type = { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT };
  const [sum] = binding.executeOp('AddV2', [type], [one, two], 1);
  return Number(binding.tensorDataSync(sum?.id ?? 0)[0]);
}
