/**
 * Sorts names as people count ("image2" before "image10"), equally on every machine: no locale takes part.
 * Names that count alike ("01", "1") are ordered by their code units.
 */
export function naturalOrder(names: readonly string[]): string[] {
  return names
    .map((name) => ({ name, key: name.replaceAll(/\d+/g, countable) }))
    .sort((a, b) => compare(a.key, b.key) || compare(a.name, b.name))
    .map(({ name }) => name);
}

/** Longer numbers are larger: the count of digits goes in front. */
function countable(digits: string): string {
  const significant = digits.replace(/^0+(?=\d)/, '');
  return String(significant.length).padStart(3, '0') + significant;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
