import { cpSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { MoatError } from '../../../contract/errors.ts';
import { describeFile, MANIFEST_FILE, type PackManifest, type PackVariant } from './manifest.ts';
import { missing, thisProcess } from './requirements.ts';
import { runProgram } from './run-program.ts';
import { checkLoads } from './trial.ts';

const require = createRequire(import.meta.url);

/** What `scripts/install.js` of @tensorflow/tfjs-node-gpu 4.22 fetches. */
const STOCK_VERSION = '2.9.1';
const BINDING = path.join('lib', 'napi-v8', 'tfjs_binding.node');

/**
 * Lets the package fetch libtensorflow and a prebuilt binding itself, in a copy of its folder: for machines with a
 * connection but without pip or a compiler. No GPU newer than Ampere, CUDA 11.2.
 * @param pack an empty folder, filled with everything but the right to be called a pack
 * @throws MoatError engine-requirement-missing, engine-download-failed, engine-build-failed
 */
export async function fillFromStock(
  pack: string,
  variant: PackVariant,
  signal: AbortSignal,
): Promise<PackManifest> {
  const source = packageFolder();
  cpSync(source, pack, { recursive: true });
  const modules = path.resolve(source, '..', '..');
  try {
    await runProgram(process.execPath, [path.join('scripts', 'install.js'), variant, 'download'], {
      signal,
      folder: pack,
      environment: {
        NODE_PATH: modules,
        PATH: [path.join(modules, '.bin'), process.env['PATH'] ?? ''].join(path.delimiter),
      },
    });
  } catch (cause) {
    throw failed(cause);
  }
  if (!existsSync(path.join(pack, BINDING))) throw failed(undefined);
  for (const name of readdirSync(pack))
    if (name !== 'deps' && name !== 'lib') rmSync(path.join(pack, name), { recursive: true });
  await checkLoads(path.join(pack, BINDING), signal);
  const names = [
    BINDING,
    ...readdirSync(path.join(pack, 'deps', 'lib')).map((name) => path.join('deps', 'lib', name)),
  ];
  const files = await Promise.all(names.map((name) => describeFile(pack, name)));
  const manifest: PackManifest = {
    format: 1,
    engine: 'tensorflow',
    variant,
    version: STOCK_VERSION,
    platform: thisProcess.platform,
    source: { name: 'the download of @tensorflow/tfjs-node-gpu', sha256: null },
    binding: BINDING,
    files,
  };
  writeFileSync(path.join(pack, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}

function packageFolder(): string {
  try {
    return path.dirname(require.resolve('@tensorflow/tfjs-node-gpu/package.json'));
  } catch {
    throw missing(
      'the package @tensorflow/tfjs-node-gpu is not installed; run "npm ci --include=optional", which brings it',
    );
  }
}

function failed(cause: unknown): MoatError {
  const { stderr } = (cause ?? {}) as { readonly stderr?: string };
  const line = stderr?.split('\n').find((each) => /^\w*Error/.test(each)) ?? 'it brought no binding';
  return new MoatError(
    'engine-download-failed',
    `The package's own download of libtensorflow failed: ${line.trim()}`,
    { cause, details: { stderr: stderr ?? '' } },
  );
}
