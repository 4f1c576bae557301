/** Values of the preprocessing as they are typed. */

/** One number for all three channels, or three. @returns undefined while it cannot be read */
export function readTriple(text: string): readonly [number, number, number] | undefined {
  const parts = text.split(/[\s,;]+/).filter((part) => part !== '');
  const [first, second, third] = parts.map(Number);
  if (![1, 3].includes(parts.length) || !parts.every((part) => Number.isFinite(Number(part))))
    return undefined;
  return first === undefined ? undefined : [first, second ?? first, third ?? first];
}

export function spellTriple(values: readonly number[] | undefined): string {
  return (values ?? []).map((value) => Number(value.toPrecision(5))).join(', ');
}

/** A whole number of pixels. @returns undefined while it cannot be read */
export function readSize(text: string): number | undefined {
  return /^[1-9]\d*$/.test(text.trim()) ? Number(text) : undefined;
}
