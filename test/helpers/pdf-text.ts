import {
  decodePDFRawStream,
  PDFArray,
  PDFDict,
  PDFDocument,
  PDFName,
  PDFRawStream,
  type PDFObject,
} from 'pdf-lib';

/** The words that a PDF printed by Chromium shows, page by page, without the white space between them. */
export async function pdfText(bytes: Uint8Array): Promise<readonly string[]> {
  const document = await PDFDocument.load(bytes, { updateMetadata: false });
  return document.getPages().map(({ node }) => {
    const fonts = node.Resources()?.lookupMaybe(PDFName.of('Font'), PDFDict);
    const letters = new Map(
      (fonts?.keys() ?? []).map((name) => [name.asString(), lettersOf(fonts?.lookup(name))]),
    );
    const contents = node.Contents();
    const streams = contents instanceof PDFArray ? contents.asArray() : [contents];
    let font: Font | undefined;
    let text = '';
    // Fonts are chosen by `/F4 12 Tf`, text is shown as glyph numbers: `<00240025> Tj`.
    for (const [, name, glyphs] of streams
      .map((stream) => textOf(document.context.lookup(stream)))
      .join('\n')
      .matchAll(/(\/[^\s/]+) [\d.]+ Tf|<([\da-fA-F]+)>/g)) {
      if (name !== undefined) font = letters.get(name);
      else if (glyphs !== undefined && font !== undefined) text += read(glyphs, font);
    }
    return text;
  });
}

interface Font {
  readonly digits: number;
  readonly letters: ReadonlyMap<number, string>;
}

/** What a font's glyphs mean: its `ToUnicode` map, `<0024> <0041>` each, or ranges `<0024> <0026> <0041>`. */
function lettersOf(font: PDFObject | undefined): Font {
  const map = font instanceof PDFDict ? textOf(font.lookup(PDFName.of('ToUnicode'))) : '';
  const letters = new Map<number, string>();
  for (const [, kind, body = ''] of map.matchAll(/begin(bfchar|bfrange)([^]*?)endbf/g)) {
    const numbers = [...body.matchAll(/<([\da-fA-F]+)>/g)].map(([, hex = '']) => hex);
    const step = kind === 'bfchar' ? 2 : 3;
    for (let at = 0; at + step <= numbers.length; at += step) {
      const [first = '', last = ''] = numbers.slice(at, at + 2);
      const from = parseInt(first, 16);
      const to = step === 2 ? from : parseInt(last, 16);
      const meaning = Buffer.from(numbers[at + step - 1] ?? '', 'hex')
        .swap16()
        .toString('utf16le');
      const base = meaning.slice(0, -1);
      for (let glyph = from; glyph <= to; glyph++)
        letters.set(glyph, base + String.fromCharCode(meaning.charCodeAt(meaning.length - 1) + glyph - from));
    }
  }
  const isWide = font instanceof PDFDict && font.get(PDFName.of('Subtype')) === PDFName.of('Type0');
  return { digits: isWide ? 4 : 2, letters };
}

function read(glyphs: string, { digits, letters }: Font): string {
  return Array.from(
    { length: Math.floor(glyphs.length / digits) },
    (_, at) => letters.get(parseInt(glyphs.slice(at * digits, (at + 1) * digits), 16)) ?? '',
  ).join('');
}

function textOf(stream: PDFObject | undefined): string {
  return stream instanceof PDFRawStream
    ? Buffer.from(decodePDFRawStream(stream).decode()).toString('latin1')
    : '';
}
