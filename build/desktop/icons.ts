import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';

/** The one drawing that all icons are made of; the window's own is the same file. */
const DRAWING = path.join(import.meta.dirname, '../../renderer/icon.svg');
const DRAWN_SIZE = 32;
const pngSizes = [16, 24, 32, 48, 64, 128, 256, 512, 1024];
const icoSizes = [16, 24, 32, 48, 64, 128, 256];
/** Types of Apple's container whose content is a PNG, with their size in pixels. */
const icnsTypes: readonly (readonly [type: string, size: number])[] = [
  ['icp4', 16],
  ['icp5', 32],
  ['icp6', 64],
  ['ic07', 128],
  ['ic08', 256],
  ['ic09', 512],
  ['ic10', 1024],
];

/** Writes `NxN.png`, `icon.png`, `icon.ico` (Windows) and `icon.icns` (macOS) into a folder. */
export async function makeIcons(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const pictures = new Map<number, Buffer>();
  for (const size of pngSizes)
    // Drawn anew for each size, not scaled from a larger one.
    pictures.set(
      size,
      await sharp(DRAWING, { density: (72 * size) / DRAWN_SIZE })
        .resize(size, size)
        .png()
        .toBuffer(),
    );
  const pictureOf = (size: number): Buffer => pictures.get(size) ?? Buffer.alloc(0);
  const pngFolder = path.join(folder, 'png');
  mkdirSync(pngFolder, { recursive: true });
  for (const [size, bytes] of pictures) writeFileSync(path.join(pngFolder, `${size}x${size}.png`), bytes);
  writeFileSync(path.join(folder, 'icon.png'), pictureOf(512));
  writeFileSync(path.join(folder, 'icon.ico'), ico(icoSizes.map((size) => [size, pictureOf(size)])));
  writeFileSync(
    path.join(folder, 'icon.icns'),
    icns(icnsTypes.map(([type, size]) => [type, pictureOf(size)])),
  );
}

/** A directory of 16-byte entries, then the pictures; a size of 256 is written as 0. */
function ico(pictures: readonly (readonly [size: number, bytes: Buffer])[]): Buffer {
  const header = Buffer.alloc(6);
  header.writeUInt16LE(1, 2);
  header.writeUInt16LE(pictures.length, 4);
  let offset = 6 + 16 * pictures.length;
  const directory = pictures.map(([size, bytes]) => {
    const entry = Buffer.alloc(16);
    entry.writeUInt8(size % 256, 0);
    entry.writeUInt8(size % 256, 1);
    entry.writeUInt16LE(1, 4);
    entry.writeUInt16LE(32, 6);
    entry.writeUInt32LE(bytes.length, 8);
    entry.writeUInt32LE(offset, 12);
    offset += bytes.length;
    return entry;
  });
  return Buffer.concat([header, ...directory, ...pictures.map(([, bytes]) => bytes)]);
}

/** Blocks of type, length with this header, content. */
function icns(pictures: readonly (readonly [type: string, bytes: Buffer])[]): Buffer {
  const block = (type: string, content: Buffer): Buffer => {
    const header = Buffer.from(`${type}\0\0\0\0`, 'latin1');
    header.writeUInt32BE(content.length + header.length, 4);
    return Buffer.concat([header, content]);
  };
  return block('icns', Buffer.concat(pictures.map(([type, bytes]) => block(type, bytes))));
}
