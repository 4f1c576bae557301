/** What somebody typed: null for nothing, undefined for what is no number of this kind. A comma may stand for the point. */
export function readNumber(
  text: string,
  { isWhole }: { readonly isWhole: boolean },
): number | null | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return null;
  if (!(isWhole ? /^\d{1,4}$/ : /^\d{1,12}([.,]\d{1,12})?$/).test(trimmed)) return undefined;
  const value = Number(trimmed.replace(',', '.'));
  return isWhole && value === 0 ? undefined : value;
}
