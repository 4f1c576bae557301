import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contextWithoutStore } from '../../../test/helpers/serve-context.ts';
import { filesBrowse, listFolder } from './files-browse.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'moat-browse-'));
  mkdirSync(path.join(folder, 'photos'));
  writeFileSync(path.join(folder, 'encoder10.onnx'), 'x'.repeat(10));
  writeFileSync(path.join(folder, 'encoder9.onnx'), '');
  writeFileSync(path.join(folder, '.hidden'), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

const context = contextWithoutStore('/');

describe('files.browse', () => {
  test('lists folders first, then files in natural order, with sizes; hidden ones are left out', async () => {
    const listing = await filesBrowse.run({ folder }, context);
    expect(listing).toEqual({
      folder,
      parent: path.dirname(folder),
      entries: [
        { name: 'photos', path: path.join(folder, 'photos'), kind: 'folder', sizeBytes: null },
        { name: 'encoder9.onnx', path: path.join(folder, 'encoder9.onnx'), kind: 'file', sizeBytes: 0 },
        { name: 'encoder10.onnx', path: path.join(folder, 'encoder10.onnx'), kind: 'file', sizeBytes: 10 },
      ],
      isCut: false,
    });
  });

  test('begins in the home folder', async () => {
    expect((await filesBrowse.run({}, context)).folder).toBe(os.homedir());
  });

  test('the root has no parent', async () => {
    expect((await listFolder(path.parse(folder).root)).parent).toBeNull();
  });

  test.skipIf(process.platform === 'win32')(
    'a link counts as what it leads to; broken links and sockets are no choice',
    async () => {
      const odd = mkdtempSync(path.join(folder, 'odd-'));
      symlinkSync(folder, path.join(odd, 'link'));
      symlinkSync(path.join(odd, 'loop'), path.join(odd, 'loop'));
      symlinkSync(path.join(odd, 'nowhere'), path.join(odd, 'broken'));
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(path.join(odd, 'socket'), resolve));
      try {
        expect((await listFolder(odd)).entries).toEqual([
          { name: 'link', path: path.join(odd, 'link'), kind: 'folder', sizeBytes: null },
        ]);
      } finally {
        await new Promise((resolve) => server.close(resolve));
      }
    },
  );

  test('a folder with more entries than one answer holds is cut, and says so', async () => {
    const listing = await listFolder(folder, 2);
    expect(listing.entries).toHaveLength(2);
    expect(listing.isCut).toBe(true);
    expect((await listFolder(folder, 100, 1)).isCut).toBe(true);
  });

  test.each([
    ['a folder that is not there', () => path.join(folder, 'none'), /There is no folder/],
    ['a file', () => path.join(folder, 'encoder9.onnx'), /is a file, not a folder/],
  ])('%s is refused in a sentence', async (_, place, sentence) => {
    await expect(filesBrowse.run({ folder: place() }, context)).rejects.toMatchObject({
      code: 'path-missing',
      message: expect.stringMatching(sentence) as string,
    });
  });

  test.each([['relative/folder'], ['../..'], [''], ['/tmp/\0'], [42], [`/${'a'.repeat(40_000)}`]])(
    'the request %j is refused',
    (place) => {
      expect(filesBrowse.request.safeParse({ folder: place }).success).toBe(false);
    },
  );
});
