import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { FuseV1Options, FuseVersion } from '@electron/fuses';

/** Electron's program looks for these bytes in itself; its switches stand behind them. */
const SENTINEL = 'dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX';
const ON = '1';
const OFF = '0';

const deliveredOn: ReadonlySet<number> = new Set([
  FuseV1Options.RunAsNode,
  FuseV1Options.EnableNodeOptionsEnvironmentVariable,
  FuseV1Options.EnableNodeCliInspectArguments,
  FuseV1Options.GrantFileProtocolExtraPrivileges,
]);

/** A folder laid out as Electron's for Linux, whose program is nothing but its fuses, as they are delivered. */
export function makeElectronDist(folder: string): void {
  mkdirSync(path.join(folder, 'resources'), { recursive: true });
  mkdirSync(path.join(folder, 'locales'), { recursive: true });
  const count = Object.values(FuseV1Options).filter((value) => typeof value === 'number').length;
  const delivered = Array.from({ length: count }, (_, fuse) => (deliveredOn.has(fuse) ? ON : OFF));
  const program = path.join(folder, 'electron');
  writeFileSync(
    program,
    Buffer.concat([
      Buffer.from('program '),
      Buffer.from(SENTINEL),
      Buffer.from([Number(FuseVersion.V1), count]),
      Buffer.from(delivered.join('')),
      Buffer.from(' end'),
    ]),
  );
  chmodSync(program, 0o755);
  writeFileSync(path.join(folder, 'LICENSE'), 'licence of Electron');
  writeFileSync(path.join(folder, 'LICENSES.chromium.html'), 'licences of Chromium');
  writeFileSync(path.join(folder, 'version'), '45.5.0');
  writeFileSync(path.join(folder, 'locales', 'en-US.pak'), '');
}
