import type { Reference } from '../../contract/method.ts';

/** One hyper-parameter as it was used. */
export interface MethodSetting {
  readonly name: string;
  /** Null: not set, which leaves it to the method. */
  readonly value: unknown;
  /** Nobody asked for another value. */
  readonly isDefault: boolean;
}

/** What a reader needs to repeat a method. */
export interface MethodSheet {
  readonly id: string;
  /** As the matrix spells it. */
  readonly label: string;
  readonly title: string;
  readonly summary: string;
  /** Version of the implementation; null for a method that this Moat does not know. */
  readonly version: number | null;
  readonly reference: Reference | null;
  readonly settings: readonly MethodSetting[];
  /** Of an attack: what the attacker must know or hold. */
  readonly knowledge: string | null;
  /** Of a defense: how it is meant to work, and the attacks that it must face before it may pass. */
  readonly mechanism: string | null;
  readonly mustFace: readonly string[];
}

/** How one surrogate is trained by one attack. */
export interface TrainingSheet {
  /** Spelling of the surrogate. */
  readonly surrogate: string;
  readonly architecture: string;
  readonly summary: string;
  readonly attack: string;
  readonly settings: readonly MethodSetting[];
}

export interface MetricSheet {
  readonly id: string;
  readonly title: string;
  readonly summary: string;
  readonly unit: string;
  readonly higherIs: string;
  readonly formula: string | null;
  readonly version: number;
  readonly reference: Reference;
}
