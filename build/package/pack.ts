import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Arch, build, Platform } from 'electron-builder';
import { makeIcons } from '../desktop/icons.ts';
import { packageConfiguration } from '../electron-builder.ts';
import { licenceList } from './licences.ts';
import { stageApp, type ShippedPackage, type Target } from './stage.ts';

export interface PackOptions {
  readonly target: Target;
  /** For what is made on the way. */
  readonly work: string;
  readonly output: string;
  /** An unpacked app and no installer. */
  readonly onlyFolder: boolean;
  readonly electronDist?: string;
  readonly say?: (line: string) => void;
  readonly onStaged?: (packages: readonly ShippedPackage[]) => void;
}

const platforms = { linux: Platform.LINUX, darwin: Platform.MAC, win32: Platform.WINDOWS };
const arches = { x64: Arch.x64, arm64: Arch.arm64 };

/** @returns the installers, or the folder's files where only that was asked for */
export async function packDesktop(options: PackOptions): Promise<readonly string[]> {
  const { target, work, output } = options;
  const folders = {
    app: path.join(work, 'app'),
    icons: path.join(work, 'icons'),
    licences: path.join(work, 'licences.txt'),
    output,
    ...(options.electronDist === undefined ? {} : { electronDist: options.electronDist }),
  };
  mkdirSync(work, { recursive: true });
  rmSync(output, { recursive: true, force: true });
  const packages = await stageApp(folders.app, target, options.say);
  options.onStaged?.(packages);
  writeFileSync(folders.licences, licenceList(packages));
  await makeIcons(folders.icons);
  return build({
    targets: platforms[target.platform].createTarget(options.onlyFolder ? ['dir'] : [], arches[target.arch]),
    projectDir: path.join(import.meta.dirname, '../..'),
    config: packageConfiguration(folders),
    publish: 'never',
  });
}
