import path from 'node:path';
import type { Configuration } from 'electron-builder';
import { EXECUTABLE_NAME } from './desktop/build.ts';

const root = path.join(import.meta.dirname, '..');

export interface PackageFolders {
  /** As `build/package/stage.ts` lays it out. */
  readonly app: string;
  readonly output: string;
  readonly icons: string;
  readonly licences: string;
  /** A folder with Electron's program; default: fetched for the target. */
  readonly electronDist?: string;
}

/** How the app is packed: by electron-builder, on the system it is for. */
export function packageConfiguration(folders: PackageFolders): Configuration {
  return {
    appId: 'org.moat.desktop',
    productName: 'Moat',
    // eslint-disable-next-line no-template-curly-in-string -- electron-builder's own placeholders
    artifactName: 'Moat-${version}-${os}-${arch}.${ext}',
    directories: { app: folders.app, output: folders.output, buildResources: path.join(root, 'build') },
    ...(folders.electronDist === undefined ? {} : { electronDist: folders.electronDist }),
    // The app's folder holds the packages it needs and no others: nothing is collected, nothing is built. (`npmRebuild:
    // false` would not even ask.)
    beforeBuild: () => Promise.resolve(false),
    files: ['**/*', { from: path.join(folders.app, 'node_modules'), to: 'node_modules', filter: ['**/*'] }],
    asar: true,
    // What the system's loader, a worker thread's entry or a native library opens by its path must be a real file.
    asarUnpack: [
      '**/*.node',
      'node_modules/onnxruntime-node/bin/**',
      'node_modules/@img/**',
      'audits/encoder/*.onnx',
    ],
    extraResources: [
      { from: folders.licences, to: 'licences.txt' },
      { from: path.join(root, 'LICENSE'), to: 'LICENSE.moat.txt' },
    ],
    electronFuses: {
      runAsNode: false,
      enableNodeOptionsEnvironmentVariable: false,
      enableNodeCliInspectArguments: false,
      enableEmbeddedAsarIntegrityValidation: true,
      onlyLoadAppFromAsar: true,
      grantFileProtocolExtraPrivileges: false,
    },
    fileAssociations: [
      { ext: 'moat', name: 'Moat database', role: 'Editor', icon: path.join(folders.icons, 'icon') },
    ],
    protocols: [{ name: 'Moat audit', schemes: ['moat'] }],
    publish: null,
    mac: {
      target: ['dmg'],
      category: 'public.app-category.developer-tools',
      icon: path.join(folders.icons, 'icon.icns'),
      hardenedRuntime: true,
      gatekeeperAssess: false,
      entitlements: path.join(root, 'build', 'package', 'entitlements.plist'),
      entitlementsInherit: path.join(root, 'build', 'package', 'entitlements.plist'),
    },
    win: { target: ['nsis'], icon: path.join(folders.icons, 'icon.ico') },
    nsis: {
      oneClick: false,
      perMachine: false,
      allowToChangeInstallationDirectory: true,
      deleteAppDataOnUninstall: false,
    },
    linux: {
      target: ['AppImage', 'deb'],
      category: 'Development',
      icon: path.join(folders.icons, 'png'),
      synopsis: 'Audits an embedding service before launch',
      maintainer: 'Moat maintainers',
      executableName: EXECUTABLE_NAME,
    },
  };
}
