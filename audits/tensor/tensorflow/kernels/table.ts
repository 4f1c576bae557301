import { getKernel, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';
import { convolutionKernels } from './convolution.ts';
import { gatherKernels } from './gather.ts';
import type { KernelTable, OperationRunner } from './kernel.ts';
import { normalizationKernels } from './normalization.ts';
import { stepKernels } from './step.ts';

/** Kernels that replace or complete those of the package. */
const kernelTable: KernelTable = {
  ...convolutionKernels,
  ...gatherKernels,
  ...normalizationKernels,
  ...stepKernels,
};

export function registerKernels(backendName: string): void {
  for (const [kernelName, kernel] of Object.entries(kernelTable)) {
    if (getKernel(kernelName, backendName) !== undefined) unregisterKernel(kernelName, backendName);
    registerKernel({
      kernelName,
      backendName,
      kernelFunc: ({ inputs, attrs, backend }) =>
        kernel({ inputs, attributes: attrs ?? {}, backend: backend as unknown as OperationRunner }),
    });
  }
}
