/**
 * MITRE ATLAS mitigations that a defense puts into practice. A watermark hinders nobody and helps to prove a theft, for which
 * ATLAS 5.6.0 has no mitigation: its list is empty, as is that of replies recorded at a service nobody has seen.
 */
export const defenseMitigations: Readonly<Record<string, readonly string[]>> = {
  none: [],
  'gaussian-noise': ['AML.M0002'],
  rounding: ['AML.M0002'],
  quantization: ['AML.M0002'],
  'top-k': ['AML.M0002'],
  truncation: ['AML.M0002'],
  'pca-truncation': ['AML.M0002'],
  'norm-hiding': ['AML.M0002'],
  'vector-quantization': ['AML.M0002'],
  'prediction-poisoning': ['AML.M0002'],
  'account-transform': ['AML.M0002'],
  b4b: ['AML.M0002', 'AML.M0015'],
  'cell-coverage': ['AML.M0002', 'AML.M0015'],
  'near-duplicate-guard': ['AML.M0015', 'AML.M0024'],
  prada: ['AML.M0015', 'AML.M0024'],
  'mmd-detector': ['AML.M0015', 'AML.M0024'],
  quota: ['AML.M0004'],
  'proof-of-work': ['AML.M0004'],
  'linear-watermark': [],
  'region-watermark': [],
  'rotation-watermark': [],
  espew: [],
  external: [],
};
