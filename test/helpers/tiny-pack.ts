import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Writes a pack of one file, as an installation leaves it.
 * @param contents of that file; the manifest names the hash and the size of `whole`
 */
export function writeTinyPack(engines: string, contents = 'whole'): void {
  const pack = path.join(engines, 'tensorflow');
  mkdirSync(path.join(pack, 'lib'), { recursive: true });
  writeFileSync(path.join(pack, 'lib', 'one.so'), contents);
  const sha256 = createHash('sha256').update('whole').digest('hex');
  const manifest = {
    format: 1,
    engine: 'tensorflow',
    variant: 'cpu',
    version: '9.9.9',
    platform: 'linux-x64',
    source: { name: 'x.whl', sha256 },
    binding: 'lib/one.so',
    files: [{ path: 'lib/one.so', bytes: 5, sha256 }],
  };
  writeFileSync(path.join(pack, 'manifest.json'), JSON.stringify(manifest));
}

/** What lies in the folder of all engine packs, but for the empty file of its lock. */
export function packsIn(engines: string): readonly string[] {
  return existsSync(engines) ? readdirSync(engines).filter((name) => name !== '.lock') : [];
}
