import type { CostAssumptions } from '../contract/audit.ts';

/** What a thief pays where the user says nothing else; every entry is a flag. List prices, not bargains. */
export const defaultCosts: CostAssumptions = {
  /** An eighth of an AWS p5.48xlarge (8 x H100) on demand, USD 98.32 an hour in us-east-1, early 2026. */
  perComputeHour: 12.29,
  /** An SMS verification in the US: Dek et al., Cambridge Online Trust and Safety Index, Science 2025. */
  perAccount: 0.25,
  /** One worker's label of one image: SageMaker Ground Truth with Mechanical Turk, 2026. */
  perLabel: 0.012,
  training: null,
};
