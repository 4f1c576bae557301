import { cleanText } from '../../contract/clean-text.ts';
import type { Crosswalk, CrosswalkEntry } from '../crosswalk/crosswalk.ts';

/** The crosswalk as SARIF taxonomies (SARIF 2.1.0, 3.14.8 and 3.19.22): one component a standard, one taxon an entry. */

export interface Taxonomies {
  readonly components: readonly {
    readonly name: string;
    readonly taxa: readonly { readonly id: string }[];
  }[];
  readonly places: readonly {
    readonly entry: CrosswalkEntry;
    readonly component: number;
    readonly index: number;
  }[];
}

/** Standards without an entry are left out. */
export function taxonomiesOf({ standards, entries, version, disclaimer }: Crosswalk): Taxonomies {
  const groups = standards.flatMap((standard) => {
    const own = entries.filter((entry) => entry.standard === standard.id);
    return own.length === 0 ? [] : [{ standard, own }];
  });
  return {
    components: groups.map(({ standard, own }) => ({
      name: standard.title,
      version: standard.version,
      organization: standard.publisher,
      informationUri: standard.url,
      fullDescription: { text: `${disclaimer} (crosswalk version ${version})` },
      // Entries that audits bear on, and none of the standard's others.
      isComprehensive: false,
      taxa: own.map(({ id, name, kind, url, relation, caveat }) => ({
        id,
        name,
        shortDescription: { text: relation },
        ...(caveat === null ? {} : { fullDescription: { text: `${relation} ${caveat}` } }),
        ...(url === null ? {} : { helpUri: url }),
        properties: { kind },
      })),
    })),
    places: groups.flatMap(({ own }, component) => own.map((entry, index) => ({ entry, component, index }))),
  };
}

/**
 * What a finding has to do with: techniques, risks and terms by the attacks behind it, mitigations by the defense it is
 * about. Articles of law are listed and tied to no finding.
 */
export function taxaOf(
  { components, places }: Taxonomies,
  about: { readonly attacks: readonly string[]; readonly defense: string | null },
): readonly unknown[] {
  const attacks = new Set(about.attacks);
  return places
    .filter(({ entry }) =>
      entry.kind === 'mitigation'
        ? about.defense !== null && entry.defenses.includes(about.defense)
        : entry.kind !== 'article' && entry.attacks.some((attack) => attacks.has(attack)),
    )
    .map(({ entry, component, index }) => ({
      id: entry.id,
      index,
      toolComponent: { name: cleanText(components[component]?.name ?? ''), index: component },
    }));
}
