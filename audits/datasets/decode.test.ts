import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp, { type JpegOptions, type Sharp } from 'sharp';
import { afterAll, describe, expect, test } from 'vitest';
import type { ImageGeometry } from '../contract/encoder.ts';
import { createRng } from '../rng.ts';
import { createImageDecoder } from './decode.ts';
import { decodeBlock, type BlockItem } from './decode-block.ts';
import { openDecodeThreads } from './decode-threads.ts';
import { isJpegOfSize, JpegDecoder } from './jpeg-decoder.ts';
import { readJpegHeader } from './jpeg-header.ts';

const geometry = (height: number, width: number): ImageGeometry => ({
  height,
  width,
  resize: 'stretch',
  resizeTo: height,
  interpolation: 'bilinear',
});

/** Colored noise over waves: every frequency and every chroma block has something in it. */
function picture(width: number, height: number, channels: 1 | 3 = 3): Sharp {
  const rng = createRng(`picture ${width} ${height}`);
  const pixels = Uint8Array.from({ length: width * height * channels }, (_, i) =>
    Math.max(0, Math.min(255, 128 + 70 * Math.sin(i / 17) + 40 * rng.normal())),
  );
  return sharp(pixels, { raw: { width, height, channels } });
}

/** What the general decoder makes of a file, without any of our code. */
const bySharp = async (bytes: Uint8Array): Promise<Uint8Array> =>
  new Uint8Array(await sharp(bytes, { ignoreIcc: true }).toColourspace('srgb').raw().toBuffer());

describe('JPEG files of the right size', () => {
  const kinds = [
    ['plain', {}],
    ['best quality', { quality: 100 }],
    ['poor quality', { quality: 10 }],
    ['full chroma', { chromaSubsampling: '4:4:4' }],
    ['progressive', { progressive: true }],
  ] as const satisfies readonly (readonly [string, JpegOptions])[];
  const sizes = [
    [32, 32],
    [33, 31],
    [17, 5],
    [224, 224],
  ] as const;
  test.each(kinds)('%s: the pixels are those of the general decoder, byte for byte', async (_, options) => {
    const decoder = await JpegDecoder.create();
    for (const [width, height] of sizes) {
      const bytes = await picture(width, height).jpeg(options).toBuffer();
      expect(isJpegOfSize(bytes, geometry(height, width))).toBe(true);
      expect(await decoder.decode(bytes)).toEqual(await bySharp(bytes));
    }
  });

  test('grey is repeated to RGB', async () => {
    const decoder = await JpegDecoder.create();
    const bytes = await picture(32, 32, 1).toColourspace('b-w').jpeg().toBuffer();
    expect(readJpegHeader(bytes)).toMatchObject({ components: 1 });
    const decoded = await decoder.decode(bytes);
    expect(decoded).toHaveLength(32 * 32 * 3);
    expect(decoded).toEqual(await bySharp(bytes));
  });

  test('rotations, print inks, other sizes, other formats are left to the general decoder', async () => {
    const wanted = geometry(32, 32);
    const jpeg = picture(32, 32);
    expect(isJpegOfSize(await jpeg.clone().jpeg().toBuffer(), wanted)).toBe(true);
    const others = [
      await jpeg.clone().withMetadata({ orientation: 6 }).jpeg().toBuffer(),
      await jpeg.clone().toColourspace('cmyk').jpeg().toBuffer(),
      await picture(33, 32).jpeg().toBuffer(),
      await jpeg.clone().png().toBuffer(),
      Buffer.from('no picture'),
      Buffer.alloc(0),
    ];
    expect(others.map((bytes) => isJpegOfSize(bytes, wanted))).toEqual(others.map(() => false));
    const cropped = { ...wanted, resize: 'crop', resizeTo: 36 } as const;
    expect(isJpegOfSize(await jpeg.clone().jpeg().toBuffer(), cropped)).toBe(false);
  });

  test('a file cut anywhere is refused, thousands of times over, and the next whole one is read', async () => {
    const decoder = await JpegDecoder.create();
    const bytes = await picture(32, 32).jpeg().toBuffer();
    for (let i = 0; i < 3000; i++)
      expect(await decoder.decode(bytes.subarray(0, bytes.length - 2 - (i % 300)))).toBeUndefined();
    expect(await decoder.decode(bytes)).toEqual(await bySharp(bytes));
  });

  const CIFAR = '../shared/data/cifar10-jpeg/test/cat';
  if (!existsSync(CIFAR)) console.warn(`skipped: there is no ${CIFAR}`);
  test.skipIf(!existsSync(CIFAR))('CIFAR-10: both decoders agree on every file looked at', async () => {
    const decoder = await JpegDecoder.create();
    for (const name of readdirSync(CIFAR).slice(0, 200)) {
      const bytes = readFileSync(join(CIFAR, name));
      expect(await decoder.decode(bytes)).toEqual(await bySharp(bytes));
    }
  });
});

describe('decoding threads', () => {
  const threads = openDecodeThreads(2);
  afterAll(() => threads.close());
  const items = async (): Promise<readonly BlockItem[]> => [
    { kind: 'encoded', bytes: await picture(32, 32).jpeg().toBuffer() },
    { kind: 'encoded', bytes: await picture(50, 40).jpeg().toBuffer() },
    { kind: 'unreadable', reason: 'cannot be opened (ENOENT)' },
    { kind: 'encoded', bytes: new TextEncoder().encode('no picture') },
    { kind: 'pixels', pixels: new Uint8Array(28 * 28 * 3).fill(7), height: 28, width: 28 },
    { kind: 'encoded', bytes: await picture(32, 32).png().toBuffer() },
  ];

  test('give what this thread gives: pixels, identities, and which files are broken', async () => {
    const block = await items();
    const here = await decodeBlock(createImageDecoder(), block, geometry(32, 32));
    expect(here.kept).toEqual([0, 1, 4, 5]);
    expect(here.broken).toEqual([
      { at: 2, reason: 'cannot be opened (ENOENT)' },
      { at: 3, reason: 'is no picture in a format Moat reads' },
    ]);
    expect(await threads.decode(block, geometry(32, 32))).toEqual(here);
    // The caller's own files are still there: only copies moved.
    expect(await threads.decode(block, geometry(32, 32))).toEqual(here);
  });

  test('go on while this thread is blocked', async () => {
    const block = await items();
    const never = new Int32Array(new SharedArrayBuffer(4));
    // Blocked as in a model's runtime. Were the work done in this thread, no wait would be long enough for the answer to
    // be there at the very next turn.
    const waits = [500, 2000, 8000, 32_000];
    const thereAtOnce = async (wait: number): Promise<boolean> => {
      const answer = threads.decode(block, geometry(32, 32));
      Atomics.wait(never, 0, 0, wait);
      const turn = new Promise((resolve) => setImmediate(() => setImmediate(() => resolve('later'))));
      const first = await Promise.race([answer, turn]);
      await answer;
      return first !== 'later';
    };
    let found = false;
    for (const wait of waits) found ||= await thereAtOnce(wait);
    expect(found).toBe(true);
  });

  test('closing rejects what is under way', async () => {
    const closing = openDecodeThreads(1);
    const answer = closing.decode(await items(), geometry(32, 32));
    const refused = expect(answer).rejects.toThrow('a decoding thread ended');
    await closing.close();
    await refused;
  });
});
