/** How results, settings and the command line spell the configuration without any defense. */
export const UNDEFENDED = 'none';

/** A configuration of defenses as sentences, tables and figures name it: as it is spelled, but for the one that is none. */
export function defenseName(label: string): string {
  return label === UNDEFENDED ? 'no defense' : label;
}
