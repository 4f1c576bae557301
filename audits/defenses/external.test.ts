import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { zipSync } from 'fflate';
import { type Matrix, matrix } from '../contract/data.ts';
import { readRecordedReplies } from '../datasets/recorded-replies.ts';
import { createRng } from '../rng.ts';
import { openChainSession, parseChain, providerStatistics } from './chain.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'recorded-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** One .npy member, as NumPy writes it. */
function npy(descriptor: string, shape: string, body: Uint8Array): Uint8Array {
  const header = `{'descr': '${descriptor}', 'fortran_order': False, 'shape': ${shape}, }`.padEnd(117) + '\n';
  const head = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length, 0]);
  return Buffer.concat([head, Buffer.from(header), body]);
}

function save(name: string, members: Readonly<Record<string, Uint8Array>>): string {
  const file = path.join(folder, name);
  writeFileSync(file, zipSync({ ...members }));
  return file;
}

// Hashes of two bytes stand for those of 64.
const inputs = npy('|S2', '(4,)', Buffer.from('aaaabbcc'));
const replies = npy('<f4', '(4, 3)', new Uint8Array(Float32Array.from({ length: 12 }, (_, i) => i).buffer));
const accounts = npy('<i4', '(4,)', new Uint8Array(Int32Array.of(0, 0, 1, -1).buffer));
const file = save('table.npz', { 'input.npy': inputs, 'reply.npy': replies, 'account.npy': accounts });

function ask(hashes: readonly string[], account = 0, source = file): readonly number[] {
  const { digest, replies: table } = readRecordedReplies(source);
  const chain = parseChain(`external:file=x:digest=${digest}:dimension=3`);
  const clean: Matrix = matrix(new Float32Array(hashes.length * 2), hashes.length, 2);
  const provider = providerStatistics(matrix(new Float32Array(2), 1, 2));
  const session = openChainSession(chain, [provider], account, createRng(1), new Map([[digest, table]]));
  return Array.from(session.reply(clean, hashes).data);
}

test('answers what was recorded, of another length than the victim’s, the later replies to repeats', () => {
  expect(ask(['aa', 'cc'])).toEqual([0, 1, 2, 9, 10, 11]);
  expect(ask(['aa', 'aa', 'aa'])).toEqual([0, 1, 2, 3, 4, 5, 3, 4, 5]);
  expect(ask(['bb', 'cc'], 1)).toEqual([6, 7, 8, 9, 10, 11]);
});

test('a row that was not recorded is an error that names image and account', () => {
  expect(() => ask(['bb'], 0)).toThrow(/no reply to image bb on account 0/);
  expect(() => ask(['dd'], 1)).toThrow(/no reply to image dd on account 1/);
});

test('without account every row holds for all', () => {
  const shared = save('shared.npz', { 'input.npy': inputs, 'reply.npy': replies });
  expect(ask(['bb'], 7, shared)).toEqual([6, 7, 8]);
});

test('stands alone, and needs its table', () => {
  expect(() => parseChain('external:file=x+rounding')).toThrow(/stands alone/);
  const provider = providerStatistics(matrix(new Float32Array(2), 1, 2));
  expect(() => openChainSession(parseChain('external'), [provider], 0, createRng(1))).toThrow(
    /needs a recorded table/,
  );
});

test.each([
  ['no inputs', { 'reply.npy': replies }, /needs "input"/],
  ['no replies', { 'input.npy': inputs }, /needs "reply"/],
  [
    'too few replies',
    { 'input.npy': inputs, 'reply.npy': npy('<f4', '(1, 3)', new Uint8Array(12)) },
    /\[4, dimension\]/,
  ],
  [
    'a reply that is no number',
    {
      'input.npy': npy('|S2', '(1,)', Buffer.from('aa')),
      'reply.npy': npy('<f4', '(1, 1)', new Uint8Array(Float32Array.of(NaN).buffer)),
    },
    /not finite/,
  ],
] as const)('%s: the file is refused', (name, members, message) => {
  expect(() => readRecordedReplies(save(`${name}.npz`, members))).toThrow(message);
});
