import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeNpy } from './npy-encode.ts';
import { parseNpy } from './npy.ts';
import { parseNpz, readNpz, writeNpz } from './npz.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'moat-npz-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A .npy as NumPy writes it, from a header and raw bytes. */
function npy(descriptor: string, shape: string, body: Uint8Array, fortran = false): Uint8Array {
  const header = `{'descr': ${descriptor}, 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': ${shape}, }\n`;
  const prefix = Buffer.from([
    0x93,
    0x4e,
    0x55,
    0x4d,
    0x50,
    0x59,
    1,
    0,
    header.length & 0xff,
    header.length >> 8,
  ]);
  return Buffer.concat([prefix, Buffer.from(header, 'latin1'), body]);
}
const numbers = (bytes: Uint8Array) => [...parseNpy(bytes, 'test').data].map(Number);

describe('npy', () => {
  test('float32, uint8, int32 and strings come back as written', () => {
    fc.assert(
      fc.property(fc.array(fc.float({ noNaN: true }), { maxLength: 40 }), (values) => {
        const back = parseNpy(encodeNpy({ shape: [values.length], data: Float32Array.from(values) }), 'test');
        expect([...back.data]).toEqual(values);
      }),
      { numRuns: 50 },
    );
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 6 })), (texts) => {
        const clean = texts.map((text) => text.replaceAll('\0', ''));
        const back = parseNpy(encodeNpy({ shape: [clean.length], data: clean }), 'test');
        expect(back.data).toEqual(clean);
      }),
      { numRuns: 50 },
    );
  });

  test('half precision follows IEEE 754', () => {
    const bits = Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001, 0x3555, 0x7c00);
    expect(numbers(npy("'<f2'", '(6,)', new Uint8Array(bits.buffer)))).toEqual([
      1,
      -2,
      65504,
      2 ** -24,
      0.333251953125,
      Number.POSITIVE_INFINITY,
    ]);
  });

  test('64-bit integers are exact or refused', () => {
    const body = (value: bigint) => new Uint8Array(BigInt64Array.of(value).buffer);
    expect(numbers(npy("'<i8'", '(1,)', body(-(2n ** 52n))))).toEqual([-(2 ** 52)]);
    expect(() => parseNpy(npy("'<i8'", '(1,)', body(2n ** 60n)), 'test')).toThrow(/beyond 2\^53/);
  });

  test('big-endian values are swapped', () => {
    expect(numbers(npy("'>u2'", '(2,)', Uint8Array.of(1, 2, 0, 255)))).toEqual([258, 255]);
  });

  test('a Fortran-ordered [2, 3] array is returned row by row', () => {
    // np.asfortranarray([[1, 2, 3], [4, 5, 6]]) stores 1 4 2 5 3 6.
    const bytes = npy("'|u1'", '(2, 3)', Uint8Array.of(1, 4, 2, 5, 3, 6), true);
    expect(parseNpy(bytes, 'test')).toMatchObject({ shape: [2, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 6) });
  });

  test('byte strings lose their padding', () => {
    const bytes = npy("'|S4'", '(2,)', Buffer.from('cat\0cow\0'));
    expect(parseNpy(bytes, 'test').data).toEqual(['cat', 'cow']);
  });

  test.each([
    ['an object array', npy("'|O'", '(1,)', Buffer.from('\x80\x04cos\nsystem\n')), /never loads/],
    ['a structured array', npy("[('a', '<f4')]", '(1,)', new Uint8Array(4)), /structured/],
    ['missing values', npy("'<f4'", '(10,)', new Uint8Array(12)), /12 bytes .* needs 40/],
    [
      'an impossible shape',
      npy("'<f4'", '(999999999999, 999999999999)', new Uint8Array(4)),
      /impossibly large/,
    ],
    ['a huge declared shape', npy("'<f4'", '(99999999999,)', new Uint8Array(4)), /needs 399999999996/],
    ['empty strings without end', npy("'<U0'", '(99999999999,)', new Uint8Array(0)), /no length/],
    ['a cut header', npy("'<f4'", '(1,)', new Uint8Array(4)).subarray(0, 30), /cut short/],
    ['another file', Buffer.from('GIF89a and so on'), /does not begin/],
    ['nothing', new Uint8Array(0), /does not begin/],
  ])('%s is refused in one sentence', (_, bytes, sentence) => {
    expect(() => parseNpy(bytes, 'x.npy')).toThrow(sentence);
    expect(() => parseNpy(bytes, 'x.npy')).toThrow(expect.objectContaining({ code: 'dataset-format' }));
  });

  test('no cut or flipped byte escapes as anything but dataset-format', () => {
    const whole = encodeNpy({ shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) });
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.boolean(), (at, byte, cut) => {
        const bytes = cut ? whole.slice(0, at) : whole.with(at, byte);
        try {
          parseNpy(bytes, 'x');
        } catch (error) {
          expect(error).toMatchObject({ code: 'dataset-format' });
        }
      }),
      { numRuns: 400 },
    );
  });
});

describe('npz', () => {
  test('arrays of every kind survive a file', async () => {
    const path = join(folder, 'ünïcode 🐟.npz');
    await writeNpz(path, {
      x: { shape: [1, 2, 2], data: Uint8Array.of(0, 1, 254, 255) },
      y: { shape: [2], data: Int32Array.of(-7, 7) },
      names: { shape: [2], data: ['köln.png', '🐟'] },
    });
    const arrays = await readNpz(path);
    expect(arrays.get('x')).toEqual({
      shape: [1, 2, 2],
      dtype: 'uint8',
      data: Uint8Array.of(0, 1, 254, 255),
    });
    expect(arrays.get('y')?.data).toEqual(Int32Array.of(-7, 7));
    expect(arrays.get('names')?.data).toEqual(['köln.png', '🐟']);
  });

  test('equal arrays give equal files', async () => {
    const [a, b] = [join(folder, 'a.npz'), join(folder, 'b.npz')];
    for (const path of [a, b]) await writeNpz(path, { z: { shape: [1], data: Float32Array.of(0.5) } });
    expect(readFileSync(a)).toEqual(readFileSync(b));
  });

  test('compressed members are read', () => {
    const member = encodeNpy({ shape: [3], data: Float32Array.of(1, 2, 3) });
    expect(parseNpz(zipSync({ 'a.npy': member }, { level: 9 }), 'x').get('a')?.data).toEqual(
      Float32Array.of(1, 2, 3),
    );
  });

  test('a cut archive, text, and an archive without arrays are named', async () => {
    const path = join(folder, 'cut.npz');
    await writeNpz(path, { x: { shape: [64], data: new Uint8Array(64) } });
    const whole = readFileSync(path);
    writeFileSync(path, whole.subarray(0, whole.length - 30));
    await expect(readNpz(path)).rejects.toMatchObject({
      code: 'dataset-format',
      message: expect.stringContaining('cut.npz'),
    });
    expect(() => parseNpz(Buffer.from('hello'), 'x.npz')).toThrow(/not a whole/);
    expect(() => parseNpz(zipSync({ 'a.txt': Buffer.from('hi') }), 'x.npz')).toThrow(/no NumPy arrays/);
    await expect(readNpz(join(folder, 'none.npz'))).rejects.toMatchObject({ code: 'path-missing' });
  });
});
