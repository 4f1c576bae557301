import {
  decodePDFRawStream,
  PDFDict,
  PDFDocument,
  PDFHexString,
  PDFName,
  PDFRawStream,
  PDFString,
  type PDFObject,
} from 'pdf-lib';
import { beforeAll, expect, test } from 'vitest';
import type { ReportContext } from '../../audits/report/formats/format.ts';
import { pdf } from '../../audits/report/formats/pdf.ts';
import { sampleResult } from '../../audits/report/result.sample.ts';
import { openBrowser } from '../helpers/browser.ts';

/** The printed report, read back. */

const context: ReportContext = {
  profile: 'engineer',
  writtenAt: '2026-01-03T00:00:00.000Z',
  moatVersion: '0.1.0',
};
const result = sampleResult();
let bytes: Uint8Array | undefined;
let document: PDFDocument | undefined;

beforeAll(async () => {
  const browser = await openBrowser();
  if (browser === undefined) return;
  await browser.close();
  const rendered = await pdf.render(result, context);
  bytes = typeof rendered === 'string' ? Buffer.from(rendered) : rendered;
  document = await PDFDocument.load(bytes, { updateMetadata: false });
});

const objects = (): readonly PDFObject[] =>
  document === undefined ? [] : document.context.enumerateIndirectObjects().map(([, object]) => object);
const dictionaries = (type: string): readonly PDFDict[] =>
  objects().filter(
    (object): object is PDFDict =>
      object instanceof PDFDict && object.get(PDFName.of('Type')) === PDFName.of(type),
  );

test('the same result printed twice is the same file', async ({ skip }) => {
  if (bytes === undefined) return skip();
  const again = await pdf.render(result, context);
  expect(Buffer.from(again).equals(Buffer.from(bytes))).toBe(true);
});

test('the document states the given date and no other', ({ skip }) => {
  if (document === undefined) return skip();
  expect(document.getCreationDate()?.toISOString()).toBe(context.writtenAt);
  expect(document.getModificationDate()?.toISOString()).toBe(context.writtenAt);
  expect(document.getTitle()).toBe('encoder.onnx: model exposure audit 1a2b3c4d');
});

test('it is tagged, with table headers, and in a language', ({ skip }) => {
  if (document === undefined) return skip();
  expect(document.catalog.get(PDFName.of('MarkInfo'))).toBeDefined();
  expect(document.catalog.get(PDFName.of('Lang'))).toBeDefined();
  const roles = objects().flatMap((object) => {
    const role = object instanceof PDFDict ? object.get(PDFName.of('S')) : undefined;
    return role instanceof PDFName ? [role.asString()] : [];
  });
  for (const role of ['/H1', '/H2', '/Table', '/TH', '/Figure']) expect(roles).toContain(role);
});

test('every chapter has its bookmark', ({ skip }) => {
  if (document === undefined) return skip();
  const titles = objects().flatMap((object) => {
    const title = object instanceof PDFDict ? object.get(PDFName.of('Title')) : undefined;
    return title instanceof PDFString || title instanceof PDFHexString ? [title.decodeText()] : [];
  });
  for (const chapter of ['2 The answer', '7 Findings', '10 Validity', '13 Reproducing it'])
    expect(titles).toContain(chapter);
});

test('every font is inside the file', ({ skip }) => {
  if (document === undefined) return skip();
  const fonts = dictionaries('Font');
  const drawn = new Set(
    fonts
      .filter((font) => font.get(PDFName.of('Subtype')) === PDFName.of('Type3'))
      .map((font) => font.lookup(PDFName.of('FontDescriptor'))),
  );
  const descriptors = dictionaries('FontDescriptor');
  const names = descriptors.map((font) => font.get(PDFName.of('FontName'))?.toString() ?? '');
  expect(names.join(' ')).toMatch(/Inter/);
  // The letters of a Type 3 font are drawings in the file: a symbol that none of our faces has.
  for (const font of descriptors.filter((descriptor) => !drawn.has(descriptor)))
    expect(
      ['FontFile', 'FontFile2', 'FontFile3'].some((key) => font.get(PDFName.of(key)) !== undefined),
    ).toBe(true);
});

test('the result itself is attached, byte for byte', ({ skip }) => {
  if (document === undefined) return skip();
  const files = dictionaries('Filespec');
  expect(files).toHaveLength(1);
  const embedded = files[0]?.lookup(PDFName.of('EF'), PDFDict).lookup(PDFName.of('F'));
  expect(embedded).toBeInstanceOf(PDFRawStream);
  const text = new TextDecoder().decode(decodePDFRawStream(embedded as PDFRawStream).decode());
  expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(result)));
});

test('links within the report stay within it', ({ skip }) => {
  if (document === undefined) return skip();
  const addresses = objects().flatMap((object) => {
    const address = object instanceof PDFDict ? object.get(PDFName.of('URI')) : undefined;
    return address === undefined ? [] : [address.toString()];
  });
  // Sources and standards are cited by their addresses; nothing else leads out.
  expect(
    addresses.filter((address) => !address.startsWith('(https://') || address.includes('invalid')),
  ).toEqual([]);
  expect(document.getPageCount()).toBeGreaterThan(5);
  const within = objects().filter(
    (object) =>
      object instanceof PDFDict &&
      object.get(PDFName.of('Subtype')) === PDFName.of('Link') &&
      object.get(PDFName.of('Dest')) !== undefined,
  );
  expect(within.length).toBeGreaterThan(20);
});
