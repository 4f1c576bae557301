/** Published lists that a report refers to, each by a version that does not change under the reader. */
export interface Standard {
  readonly id: string;
  readonly title: string;
  readonly version: string;
  readonly publisher: string;
  readonly url: string;
}

export const standards = [
  {
    id: 'mitre-atlas',
    title: 'MITRE ATLAS',
    version: '5.6.0',
    publisher: 'The MITRE Corporation',
    url: 'https://atlas.mitre.org',
  },
  {
    id: 'owasp-ml',
    title: 'OWASP Machine Learning Security Top Ten',
    version: '2023',
    publisher: 'OWASP Foundation',
    url: 'https://owasp.org/www-project-machine-learning-security-top-10/',
  },
  {
    id: 'owasp-llm',
    title: 'OWASP Top 10 for LLM Applications',
    version: '2025',
    publisher: 'OWASP Foundation',
    url: 'https://owasp.org/www-project-top-10-for-large-language-model-applications/',
  },
  {
    id: 'nist-ai-100-2',
    title: 'NIST AI 100-2, Adversarial Machine Learning: A Taxonomy and Terminology',
    version: 'E2025',
    publisher: 'National Institute of Standards and Technology',
    url: 'https://doi.org/10.6028/NIST.AI.100-2e2025',
  },
  {
    id: 'eu-ai-act',
    title: 'Regulation (EU) 2024/1689 (AI Act)',
    version: '2024/1689',
    publisher: 'European Union',
    url: 'https://eur-lex.europa.eu/eli/reg/2024/1689/oj',
  },
] as const satisfies readonly Standard[];

export type StandardId = (typeof standards)[number]['id'];
