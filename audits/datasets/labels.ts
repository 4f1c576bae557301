import { naturalOrder } from './natural-order.ts';

/**
 * Classes of label values as they stand in a file: the distinct ones in natural order, so that labels that start at 1,
 * or leave gaps, give no empty class.
 */
export function classesOf(values: readonly (readonly (string | number)[])[]): {
  readonly classes: readonly string[];
  readonly labelOf: (value: string | number) => number;
} {
  const classes = naturalOrder([...new Set(values.flatMap((part) => part.map(String)))]);
  const index = new Map(classes.map((name, i) => [name, i]));
  return { classes, labelOf: (value) => index.get(String(value)) ?? 0 };
}
