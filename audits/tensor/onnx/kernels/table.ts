import { convolutionKernels } from './convolution.ts';
import { elementwiseKernels } from './elementwise.ts';
import { gatherKernels } from './gather.ts';
import type { KernelTable } from './kernel.ts';
import { matrixKernels } from './matrix.ts';
import { normalizationKernels } from './normalization.ts';
import { reductionKernels } from './reduction.ts';
import { shapeKernels } from './shape.ts';

/** Every TensorFlow.js kernel that a compiled step may use. */
export const kernelTable: KernelTable = {
  ...elementwiseKernels,
  ...reductionKernels,
  ...shapeKernels,
  ...gatherKernels,
  ...matrixKernels,
  ...convolutionKernels,
  ...normalizationKernels,
};
