import { concatKernels } from './concat.ts';
import { convolutionKernels } from './convolution.ts';
import { elementwiseKernels } from './elementwise.ts';
import { gatherKernels } from './gather.ts';
import { histogramKernels } from './histogram.ts';
import type { KernelTable } from './kernel.ts';
import { matrixKernels } from './matrix.ts';
import { normalizationKernels } from './normalization.ts';
import { reductionKernels } from './reduction.ts';
import { shapeKernels } from './shape.ts';
import { sliceKernels } from './slice.ts';

/** Every TensorFlow.js kernel that a compiled step may use. */
export const kernelTable: KernelTable = {
  ...elementwiseKernels,
  ...reductionKernels,
  ...shapeKernels,
  ...sliceKernels,
  ...concatKernels,
  ...gatherKernels,
  ...histogramKernels,
  ...matrixKernels,
  ...convolutionKernels,
  ...normalizationKernels,
};
