import { createReadStream } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import { extract } from 'tar-fs';

/** SwiftShader, a Vulkan driver in software, as @sparticuz/chromium carries it, is for this platform only. */
export const hasSwiftshader = process.platform === 'linux' && process.arch === 'x64';

/**
 * Unpacks the driver into a new folder.
 * @returns the environment for a child process that is to find it, and no other driver; the folder is the caller's to remove
 */
export async function unpackSwiftshader(): Promise<{
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
}> {
  const entry = createRequire(import.meta.url).resolve('@sparticuz/chromium');
  const archive = path.join(path.dirname(entry), '..', 'bin', 'swiftshader.tar.br');
  const folder = await mkdtemp(path.join(tmpdir(), 'moat-swiftshader-'));
  await pipeline(createReadStream(archive), createBrotliDecompress(), extract(folder));
  const driver = path.join(folder, 'vk_swiftshader_icd.json');
  return {
    folder,
    environment: {
      ...process.env,
      LD_LIBRARY_PATH: folder,
      VK_ICD_FILENAMES: driver,
      VK_DRIVER_FILES: driver,
      XDG_RUNTIME_DIR: folder,
    },
  };
}
