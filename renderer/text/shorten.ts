const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Keeps both ends of a long name: the beginning says what, the end says which. */
export function shortenMiddle(text: string, most: number): string {
  const graphemes = [...segmenter.segment(text)].map(({ segment }) => segment);
  if (graphemes.length <= most) return text;
  const tail = Math.floor((most - 1) / 2);
  return `${graphemes.slice(0, most - 1 - tail).join('')}…${graphemes.slice(graphemes.length - tail).join('')}`;
}
