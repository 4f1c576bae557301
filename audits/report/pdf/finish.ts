import { createHash } from 'node:crypto';
import {
  AFRelationship,
  PDFArray,
  PDFDict,
  PDFDocument,
  PDFHexString,
  PDFString,
  type PDFObject,
} from 'pdf-lib';

export interface PdfFacts {
  readonly title: string;
  /** The date that the document states, and the only one in it. */
  readonly writtenAt: string;
  readonly moatVersion: string;
  /** What the document was rendered from, attached. */
  readonly json: string;
  /** Its file's name; default `result.json`. */
  readonly attachment?: string;
  readonly subject?: string;
}

/**
 * Makes a printed report a document: title, language, the result inside it, and nothing that depends on the moment or the
 * machine it was printed on.
 */
export async function finishPdf(printed: Uint8Array, facts: PdfFacts): Promise<Uint8Array> {
  const document = await PDFDocument.load(printed, { updateMetadata: false });
  renumberNodes(document);
  const date = new Date(facts.writtenAt);
  document.setTitle(facts.title, { showInWindowTitleBar: true });
  document.setLanguage('en');
  document.setSubject(facts.subject ?? 'Model exposure audit');
  document.setCreator(`Moat ${facts.moatVersion}`);
  document.setProducer('Chromium, pdf-lib');
  document.setCreationDate(date);
  document.setModificationDate(date);
  await document.attach(new TextEncoder().encode(facts.json), facts.attachment ?? 'result.json', {
    mimeType: 'application/json',
    description: 'What this document was rendered from',
    creationDate: date,
    modificationDate: date,
    afRelationship: AFRelationship.Data,
  });
  const id = PDFHexString.of(
    createHash('sha256').update(`${facts.writtenAt}\0${facts.json}`).digest('hex').slice(0, 32),
  );
  document.context.trailerInfo.ID = document.context.obj([id, id]);
  return document.save();
}

/** As Chromium names the nodes that table cells refer to. */
const NODE = /^node\d+$/;

/**
 * Chromium numbers nodes by how many it had made before this page, which differs from run to run. Numbered by their rank
 * they are the same every time, and their tree of names stays in order.
 */
function renumberNodes(document: PDFDocument): void {
  const objects = document.context.enumerateIndirectObjects().map(([, object]) => object);
  const names = new Set<string>();
  for (const object of objects) replaceStrings(object, (text) => void (NODE.test(text) && names.add(text)));
  const ranks = new Map([...names].sort().map((name, i) => [name, `node${String(i + 1).padStart(8, '0')}`]));
  for (const object of objects) replaceStrings(object, (text) => ranks.get(text));
}

/** Walks direct objects; indirect ones are walked as such. */
function replaceStrings(object: PDFObject, replace: (text: string) => string | undefined): void {
  const entries: readonly (readonly [PDFObject, (value: PDFObject) => void])[] =
    object instanceof PDFDict
      ? object.entries().map(([key, value]) => [value, (next) => object.set(key, next)] as const)
      : object instanceof PDFArray
        ? object.asArray().map((value, i) => [value, (next) => object.set(i, next)] as const)
        : [];
  for (const [value, set] of entries) {
    if (!(value instanceof PDFString)) replaceStrings(value, replace);
    else {
      const replaced = replace(value.asString());
      if (replaced !== undefined) set(PDFString.of(replaced));
    }
  }
}
