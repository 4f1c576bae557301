/** Characters that every column has room for: a word of a name is torn only where it has more. */
export const LONGEST_WHOLE_PIECE = 14;

/** A name at the places where its line may end: after what separates its words and its settings. */
export function namePieces(name: string): readonly string[] {
  return name.split(/(?<=[:+/=,_\s-])/);
}
