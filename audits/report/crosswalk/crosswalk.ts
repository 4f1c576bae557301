import type { AuditResult } from '../../contract/result.ts';
import { defenseMitigations } from './defense-mitigations.ts';
import { standards, type Standard, type StandardId } from './standards.ts';

/** Raised when an entry is added, dropped or worded anew, so that two reports can be told apart. */
export const crosswalkVersion = 1;

/** Printed wherever the crosswalk is. */
export const crosswalkDisclaimer =
  'This audit supplies evidence on the entries below; it is no assessment under any of them. A pass means that the attacks which were played failed at the audited number of queries, and is not a statement of compliance with a law, a standard or a framework.';

export interface CrosswalkEntry {
  readonly standard: StandardId;
  readonly kind: 'technique' | 'mitigation' | 'risk' | 'term' | 'article';
  readonly id: string;
  /** As the list spells it. */
  readonly name: string;
  readonly url: string | null;
  /** What the audit has to do with it. */
  readonly relation: string;
  /** What a reader must know before citing it; null where there is nothing. */
  readonly caveat: string | null;
  /** Attacks that were played and defenses that were audited to which it applies, as the result spells them. */
  readonly attacks: readonly string[];
  readonly defenses: readonly string[];
}

export interface Crosswalk {
  readonly version: number;
  readonly disclaimer: string;
  readonly standards: readonly Standard[];
  readonly entries: readonly CrosswalkEntry[];
}

type Rule = Omit<CrosswalkEntry, 'attacks' | 'defenses'> & {
  /** Whether a played attack bears on it. */
  readonly attack?: (played: Played) => boolean;
};

interface Played {
  readonly id: string;
  readonly accounts: number;
  readonly usesPublicEncoder: boolean;
}

const atlasUrl = (kind: 'techniques' | 'mitigations', id: string): string =>
  `https://atlas.mitre.org/${kind}/${id}`;
const technique = (
  id: string,
  name: string,
  relation: string,
  attack: Rule['attack'] = () => true,
): Rule => ({
  standard: 'mitre-atlas',
  kind: 'technique',
  id,
  name,
  url: atlasUrl('techniques', id),
  relation,
  caveat: null,
  attack,
});
const mitigation = (id: string, name: string, relation: string): Rule => ({
  standard: 'mitre-atlas',
  kind: 'mitigation',
  id,
  name,
  url: atlasUrl('mitigations', id),
  relation,
  caveat: null,
});

/** In the order in which a report lists them. Names and ids are checked against the published lists by a test. */
export const crosswalkRules: readonly Rule[] = [
  technique('AML.T0040', 'AI Model Inference API Access', 'The access that every audited attack has.'),
  technique(
    'AML.T0024.002',
    'Extract AI Model',
    'What every audited attack does: a model is trained on replies to its queries.',
  ),
  technique(
    'AML.T0005.001',
    'Train Proxy via Replication',
    'The copy is trained offline and behaves like the encoder; how alike is what the audit measures.',
  ),
  technique(
    'AML.T0005.002',
    'Use Pre-Trained Model',
    'Attacks that begin with a public encoder.',
    ({ usesPublicEncoder }) => usesPublicEncoder,
  ),
  technique(
    'AML.T0021',
    'Establish Accounts',
    'Attacks that spread their queries over several accounts.',
    ({ accounts }) => accounts > 1,
  ),
  technique('AML.T0048.004', 'AI Intellectual Property Theft', 'The harm that the stolen gain stands for.'),
  mitigation(
    'AML.M0002',
    'Passive AI Output Obfuscation',
    'Audited defenses that change or shorten replies; protection and honest-user loss are measured for each.',
  ),
  mitigation(
    'AML.M0004',
    'Restrict Number of AI Model Queries',
    'Audited defenses that limit or charge queries; query curves say what a limit is worth.',
  ),
  mitigation(
    'AML.M0015',
    'Adversarial Input Detection',
    'Audited defenses that act on suspicious accounts or rows; their errors are measured on honest ones.',
  ),
  mitigation(
    'AML.M0024',
    'AI Telemetry Logging',
    'Audited detectors need the queries of each account on record.',
  ),
  {
    standard: 'owasp-ml',
    kind: 'risk',
    id: 'ML05:2023',
    name: 'Model Theft',
    url: 'https://owasp.org/www-project-machine-learning-security-top-10/docs/ML05_2023-Model_Theft.html',
    relation: 'The risk that the audit is about, reached by queries.',
    caveat:
      'The entry describes an attacker who reaches the parameters. Theft by queries alone, which this audit plays, is not in its text.',
    attack: () => true,
  },
  {
    standard: 'owasp-llm',
    kind: 'risk',
    id: 'LLM10:2025',
    name: 'Unbounded Consumption',
    url: 'https://genai.owasp.org/llmrisk/llm102025-unbounded-consumption/',
    relation: 'Names model extraction through an API and functional replication among its examples.',
    caveat: 'Written for language models; an image encoder has the same exposure and other countermeasures.',
    attack: () => true,
  },
  {
    standard: 'nist-ai-100-2',
    kind: 'term',
    id: 'NISTAML.031',
    name: 'Model Extraction',
    url: 'https://doi.org/10.6028/NIST.AI.100-2e2025',
    relation:
      'The attack class, among privacy attacks. In its vocabulary the audited attacker has query access, knows no parameters, and holds unlabelled images; the threat model says what else.',
    caveat: 'The number is cited from descriptions of the publication; check it there before citing it.',
    attack: () => true,
  },
  {
    standard: 'eu-ai-act',
    kind: 'article',
    id: 'Art. 15(5)',
    name: 'Accuracy, robustness and cybersecurity',
    url: 'https://eur-lex.europa.eu/eli/reg/2024/1689/oj',
    relation:
      'Asks, for high-risk systems, for measures where appropriate against attacks on weaknesses that only AI has, “confidentiality attacks or model flaws” among them. The audit is evidence relevant to that question for model extraction, and for nothing else in the article.',
    caveat:
      'Whether the system is a high-risk one, and what is appropriate, this audit cannot say. No threshold is given.',
    attack: () => true,
  },
];

/** The crosswalk of one audit: every entry, with the attacks and defenses of this audit that bear on it. */
export function crosswalk(result: Pick<AuditResult, 'config' | 'matrix' | 'verdicts'>): Crosswalk {
  const played = new Map(
    result.matrix
      .filter(({ state, budget }) => state === 'done' && budget > 0)
      .map(({ attack, surrogate, accounts }) => [
        JSON.stringify([attack, surrogate, accounts]),
        { attack, surrogate, accounts },
      ]),
  );
  const chains = new Map(result.verdicts.map(({ defense }) => [defense, defenseIds(defense)]));
  return {
    version: crosswalkVersion,
    disclaimer: crosswalkDisclaimer,
    standards,
    entries: crosswalkRules.map(({ attack, ...entry }) => ({
      ...entry,
      attacks:
        attack === undefined
          ? []
          : [
              ...new Set(
                [...played.values()]
                  .filter((row) =>
                    attack({
                      id: row.attack.split(':')[0] ?? row.attack,
                      accounts: row.accounts,
                      usesPublicEncoder: /backbone/.test(`${row.attack} ${row.surrogate}`),
                    }),
                  )
                  .map((row) => row.attack),
              ),
            ],
      defenses:
        entry.kind === 'mitigation'
          ? [...chains].flatMap(([label, ids]) =>
              ids.some((id) => defenseMitigations[id]?.includes(entry.id) === true) ? [label] : [],
            )
          : [],
    })),
  };
}

/** MITRE ATLAS mitigations that a defense's configuration puts into practice, by its spelling. */
export function mitigationsOf(
  defense: string,
): readonly { readonly id: string; readonly name: string; readonly url: string | null }[] {
  const ids = new Set(defenseIds(defense).flatMap((id) => defenseMitigations[id] ?? []));
  return crosswalkRules.flatMap(({ id, name, url, kind }) =>
    kind === 'mitigation' && ids.has(id) ? [{ id, name, url }] : [],
  );
}

/** `rounding` and `quota` of `rounding:decimals=1+quota`. */
function defenseIds(label: string): readonly string[] {
  return label.split('+').map((part) => part.split(':')[0] ?? part);
}
