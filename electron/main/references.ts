/** Where the papers, standards and laws that reports cite are found. */
export const referenceHosts: readonly string[] = [
  'aclanthology.org',
  'arxiv.org',
  'atlas.mitre.org',
  'cyclonedx.org',
  'docs.oasis-open.org',
  'doi.org',
  'eur-lex.europa.eu',
  'genai.owasp.org',
  'in-toto.io',
  'owasp.org',
  'proceedings.mlr.press',
];

/** Whether the user's browser may be sent there: an https address of a listed host, with nothing of the user's in it. */
export function isReference(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, host, username, password } = new URL(address);
  return protocol === 'https:' && referenceHosts.includes(host) && username === '' && password === '';
}
