import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { assert, integer, nat, property } from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseNpy } from '../datasets/npy.ts';
import type { RowColumn } from './row-format.ts';
import { hasRows, RowTable } from './row-reader.ts';
import { RowWriter, type RowValues } from './row-writer.ts';

let root: string;
beforeAll(() => (root = mkdtempSync(path.join(tmpdir(), 'moat-rows-'))));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
const newFolder = (): string => path.join(root, String((folders += 1)));

const columns: readonly RowColumn[] = [
  { name: 'embeddings', dtype: 'float32', shape: [3] },
  { name: 'pixels', dtype: 'uint8', shape: [2, 1, 3] },
  { name: 'labels', dtype: 'int32', shape: [] },
];

/** Row `i` tells its number in every column. */
function rowsFrom(start: number, count: number): RowValues {
  return {
    embeddings: Float32Array.from({ length: count * 3 }, (_, i) => start + Math.floor(i / 3) + (i % 3) / 4),
    pixels: Uint8Array.from({ length: count * 6 }, (_, i) => (start + Math.floor(i / 6) + (i % 6)) % 256),
    labels: Int32Array.from({ length: count }, (_, i) => -(start + i)),
  };
}

function write(folder: string, rows: number, options: { block?: number; chunk?: number } = {}): string {
  const writer = new RowWriter(folder, columns, options.chunk ?? 4);
  const block = options.block ?? 3;
  for (let at = 0; at < rows; at += block) {
    const count = Math.min(block, rows - at);
    writer.append(rowsFrom(at, count), count);
  }
  return writer.finish().sha256;
}

const bytes = (values: RowValues[string] | undefined): Uint8Array =>
  new Uint8Array(values?.buffer ?? new ArrayBuffer(), values?.byteOffset, values?.byteLength);

test('any range of rows of any column comes back as it was written, whatever the blocks and chunks', () => {
  assert(
    property(
      integer({ min: 0, max: 23 }),
      integer({ min: 1, max: 9 }),
      integer({ min: 1, max: 9 }),
      nat(22),
      nat(22),
      (rows, block, chunk, a, b) => {
        const folder = newFolder();
        write(folder, rows, { block, chunk });
        const table = new RowTable(folder);
        expect(table.rows).toBe(rows);
        const [start, end] = [Math.min(a, b, rows), Math.min(Math.max(a, b), rows)];
        for (const [name, values] of Object.entries(rowsFrom(start, end - start))) {
          const target = new Uint8Array(values.byteLength);
          table.read(name, start, end, target);
          expect(target).toEqual(bytes(values));
        }
        table.close();
      },
    ),
    { numRuns: 60 },
  );
});

test('blocks pass over all rows through one window, every time from the first', async () => {
  const folder = newFolder();
  write(folder, 11);
  const embeddings = new RowTable(folder).floats('embeddings');
  for (let pass = 0; pass < 2; pass++) {
    const seen: number[] = [];
    const windows = new Set<ArrayBufferLike>();
    for await (const block of embeddings.blocks(4)) {
      seen.push(...block.data);
      windows.add(block.data.buffer);
    }
    expect(seen).toEqual([...(rowsFrom(0, 11)['embeddings'] ?? [])]);
    expect(windows.size).toBe(1);
  }
  expect(embeddings).toMatchObject({ rows: 11, columns: 3 });
  expect([...embeddings.select([10, 0, 5]).data]).toEqual([10, 10.25, 10.5, 0, 0.25, 0.5, 5, 5.25, 5.5]);
  expect([...embeddings.range(3, 5).data]).toEqual([3, 3.25, 3.5, 4, 4.25, 4.5]);
});

test('rows picked from hundreds of files', () => {
  const folder = newFolder();
  write(folder, 200, { chunk: 1 });
  const table = new RowTable(folder);
  const order = Array.from({ length: 200 }, (_, i) => (i * 77) % 200);
  const labels = new Int32Array(200);
  table.select('labels', order, new Uint8Array(labels.buffer));
  expect([...labels]).toEqual(order.map((row) => (row === 0 ? 0 : -row)));
  table.close();
});

test('the chunks are NumPy files', () => {
  const folder = newFolder();
  write(folder, 6);
  const chunk = parseNpy(readFileSync(path.join(folder, 'pixels-00001.npy')), 'chunk');
  expect(chunk).toMatchObject({ shape: [2, 2, 1, 3], dtype: 'uint8' });
  expect([...chunk.data]).toEqual([...(rowsFrom(4, 2)['pixels'] ?? [])]);
});

test('a writer that was stopped leaves nothing that looks finished; the next one goes on and gives the same files', () => {
  const whole = newFolder();
  const digest = write(whole, 14);
  const folder = newFolder();
  const stopped = new RowWriter(folder, columns, 4);
  stopped.append(rowsFrom(0, 10), 10);
  expect(hasRows(folder)).toBe(false);
  expect(() => new RowTable(folder)).toThrow(/never finished/);

  const next = new RowWriter(folder, columns, 4);
  for (let chunk = 0; chunk < 2; chunk++) {
    expect(Uint8Array.from(next.earlier('labels') ?? [])).toEqual(bytes(rowsFrom(chunk * 4, 4)['labels']));
    next.keep();
  }
  expect(next.rows).toBe(8);
  // Rows 8 and 9 were waiting for their chunk.
  expect(next.earlier('labels')).toBeUndefined();
  next.append(rowsFrom(8, 6), 6);
  expect(next.finish().sha256).toBe(digest);
  expect(readdirSync(folder)).toEqual(readdirSync(whole));
  for (const file of readdirSync(folder))
    expect(readFileSync(path.join(folder, file))).toEqual(readFileSync(path.join(whole, file)));
});

test('a chunk whose file is not what was written, as after a loss of power, is not taken', () => {
  const folder = newFolder();
  const stopped = new RowWriter(folder, columns, 4);
  stopped.append(rowsFrom(0, 12), 12);
  truncateSync(path.join(folder, 'pixels-00001.npy'), 0);
  const journal = path.join(folder, 'rows-written.jsonl');
  truncateSync(journal, readFileSync(journal).length - 5);
  const next = new RowWriter(folder, columns, 4);
  expect(next.earlier('labels')).toBeDefined();
  next.keep();
  expect(next.earlier('labels')).toBeUndefined();
  next.append(rowsFrom(4, 4), 4);
  // Its line in the journal was cut.
  expect(next.earlier('labels')).toBeUndefined();
  next.append(rowsFrom(8, 4), 4);
  expect(next.finish().sha256).toBe(write(newFolder(), 12));
});

test('a finished table opened for writing offers what it had', () => {
  const folder = newFolder();
  const digest = write(folder, 10);
  const next = new RowWriter(folder, columns, 4);
  expect(hasRows(folder)).toBe(false);
  for (let chunk = 0; chunk < 2; chunk++) {
    expect(next.earlier('pixels')).toBeDefined();
    next.keep();
  }
  next.append(rowsFrom(8, 2), 2);
  expect(next.finish().sha256).toBe(digest);
});

test('of an earlier, longer or wider table nothing is left', () => {
  const folder = newFolder();
  write(folder, 30);
  const writer = new RowWriter(folder, columns.slice(0, 1), 5);
  expect(hasRows(folder)).toBe(false);
  expect(writer.earlier('embeddings')).toBeUndefined();
  writer.append({ embeddings: new Float32Array(6 * 3) }, 6);
  writer.finish();
  expect(readdirSync(folder)).toEqual(['embeddings-00000.npy', 'embeddings-00001.npy', 'rows.json']);
});

test('the digest is that of the content, not of the way it was written', () => {
  const digest = write(newFolder(), 12, { block: 5 });
  expect(write(newFolder(), 12, { block: 12 })).toBe(digest);
  expect(write(newFolder(), 11)).not.toBe(digest);
  const folder = newFolder();
  write(folder, 12);
  const { manifest } = new RowTable(folder);
  expect(manifest.chunks['labels']?.[2]).toBe(
    createHash('sha256')
      .update(readFileSync(path.join(folder, 'labels-00002.npy')))
      .digest('hex'),
  );
});

test('a file that is missing, cut, changed or no manifest is named, with what to do', () => {
  const damage: readonly (readonly [string, (file: string) => void, RegExp])[] = [
    ['labels-00001.npy', (file) => rmSync(file), /labels-00001\.npy is missing/],
    ['pixels-00000.npy', (file) => truncateSync(file, 100), /pixels-00000\.npy has 100 bytes, not 152/],
    ['rows.json', (file) => writeFileSync(file, '{"format":"other"}'), /rows\.json cannot be read/],
  ];
  for (const [name, spoil, message] of damage) {
    const folder = newFolder();
    write(folder, 8);
    spoil(path.join(folder, name));
    expect(() => new RowTable(folder)).toThrow(message);
    expect(() => new RowTable(folder)).toThrow(expect.objectContaining({ code: 'rows-damaged' }));
  }
  const folder = newFolder();
  write(folder, 8);
  const table = new RowTable(folder);
  table.verify();
  const file = path.join(folder, 'embeddings-00001.npy');
  const content = readFileSync(file);
  content[content.length - 1] = 0xff - (content.at(-1) ?? 0);
  writeFileSync(file, content);
  expect(() => table.verify()).toThrow(/embeddings-00001\.npy has changed/);
  truncateSync(file, 130);
  expect(() => table.floats('embeddings').range(6, 8)).toThrow(/ends too early/);
});

test('misuse is refused', () => {
  const folder = newFolder();
  const writer = new RowWriter(folder, columns, 4);
  expect(() => writer.append({ ...rowsFrom(0, 2), labels: new Int32Array(3) }, 2)).toThrow(
    /2 rows of labels/,
  );
  writer.append(rowsFrom(0, 2), 2);
  expect(() => writer.earlier('labels')).toThrow(/border/);
  writer.finish();
  const table = new RowTable(folder);
  expect(() => table.floats('pixels')).toThrow(/uint8/);
  expect(() => table.read('labels', 0, 3, new Uint8Array(12))).toThrow(RangeError);
});
