/** What the markers of a JPEG file say before its pixels begin (ITU-T T.81, annex B). */
export interface JpegHeader {
  readonly height: number;
  readonly width: number;
  readonly bitsPerSample: number;
  /** 1 for grey, 3 for color, 4 for print inks. */
  readonly components: number;
  /** An Exif block may ask for a rotation. */
  readonly hasExif: boolean;
}

const START_OF_IMAGE = 0xffd8;
const START_OF_SCAN = 0xda;
const APP1 = 0xe1;
/** Baseline, extended and progressive, Huffman coded: what photographs use. */
const FRAMES: readonly number[] = [0xc0, 0xc1, 0xc2];

/** Undefined for anything that is no plain JPEG file: who asks then takes the general decoder. */
export function readJpegHeader(bytes: Uint8Array): JpegHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4 || view.getUint16(0) !== START_OF_IMAGE) return undefined;
  let hasExif = false;
  let frame: Omit<JpegHeader, 'hasExif'> | undefined;
  for (let at = 2; at + 4 <= bytes.length;) {
    if (view.getUint8(at) !== 0xff) return undefined;
    const marker = view.getUint8(at + 1);
    // Metadata may stand behind the frame header too; the pixels begin with the scan.
    if (marker === START_OF_SCAN) return frame && { ...frame, hasExif };
    const length = view.getUint16(at + 2);
    if (marker === APP1) hasExif ||= startsWith(bytes, at + 4, 'Exif');
    if (FRAMES.includes(marker)) {
      if (at + 10 > bytes.length) return undefined;
      frame = {
        bitsPerSample: view.getUint8(at + 4),
        height: view.getUint16(at + 5),
        width: view.getUint16(at + 7),
        components: view.getUint8(at + 9),
      };
    }
    at += 2 + length;
  }
  return undefined;
}

function startsWith(bytes: Uint8Array, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}
