/** Where a term of the glossary is explained. */
export function termAnchor(term: string): string {
  return `term-${term.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`;
}
