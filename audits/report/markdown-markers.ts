/**
 * Puts text between the lines `<!-- NAME:begin -->` and `<!-- NAME:end -->` of a document, in place of what was there.
 * @throws Error when the document lacks them
 */
export function replaceBetween(document: string, name: string, text: string): string {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from)
    throw new Error(`The document needs the lines ${begin} and ${end}, between which the table goes.`);
  return `${document.slice(0, from + begin.length)}\n\n${text}\n\n${document.slice(to)}`;
}
