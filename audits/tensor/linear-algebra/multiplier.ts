import type { Engine } from '../../contract/engine.ts';

/** All that linear algebra asks of an engine: products. Tests pass a few lines of plain loops. */
export type Multiplier = Pick<Engine, 'matmul' | 'matmulFloat64'>;
