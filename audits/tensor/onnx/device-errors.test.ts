import { describe, expect, test } from 'vitest';
import { compileStep } from './compile.ts';
import { deviceError } from './device-errors.ts';
import { tf, type Tensor } from '../ops.ts';

describe('what a device says when memory is short', () => {
  test.each([
    'bfc_arena.cc:358 AllocateRawInternal Failed to allocate memory for requested buffer of size 8589934592',
    'Available memory of 1024 is smaller than requested bytes of 4096',
    'CUDA failure 2: out of memory ; GPU=0',
    'CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED',
    'vkAllocateMemory failed with VK_ERROR_OUT_OF_DEVICE_MEMORY',
    'Execution Provider DML: 8007000E Not enough memory resources are available',
    'OOM when allocating tensor with shape[64,512,32,32]',
    'std::bad_alloc',
  ])('%s', (message) => {
    expect(deviceError(new Error(message), 'cuda')?.code).toBe('device-out-of-memory');
  });

  test('the runtime’s own words, from a step that asks for more than a processor can address', async () => {
    const step = await compileStep<Tensor>(
      {
        name: 'too-large',
        state: {},
        inputs: { x: { shape: [8_388_608, 1], dtype: 'float32' } },
        step: (_, { x }) => ({ state: {}, outputs: { sum: tf.sum(tf.matMul(x!, x!, false, true)) } }),
      },
      1,
    );
    const x = { shape: [8_388_608, 1], data: new Float32Array(8_388_608) };
    await expect(step.run({ x })).rejects.toMatchObject({ code: 'device-out-of-memory' });
    await step.dispose();
  });
});

test.each([
  ['webgpu', 'WebGPU device lost (1): reset by the driver'],
  ['directml', '887A0005 The GPU device instance has been suspended'],
  ['cuda', 'CUDA failure 719: unspecified launch failure'],
] as const)('%s: a lost device is named as such (%s)', (device, message) => {
  expect(deviceError(new Error(message), device)?.code).toBe('device-lost');
});

test.each(['Invalid input name: x', 'Non-zero status code returned while running Reshape node'])(
  'other failures stay what they are: %s',
  (message) => {
    expect(deviceError(new Error(message), 'webgpu')).toBeUndefined();
  },
);
