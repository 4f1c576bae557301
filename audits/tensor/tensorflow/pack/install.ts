import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { MoatError } from '../../../contract/errors.ts';
import { buildBinding } from './build-binding.ts';
import { downloadWheel, findPip } from './download.ts';
import {
  BINDING_FILE,
  describeFile,
  hashFile,
  MANIFEST_FILE,
  type PackFile,
  type PackManifest,
  type PackVariant,
} from './manifest.ts';
import { knownWheels, wheelProjects } from './releases.ts';
import { lockPacks } from './lock.ts';
import {
  refusedBySystem,
  requireBuildTools,
  requireFolder,
  requireSpace,
  thisProcess,
} from './requirements.ts';
import { beginStaging, removeLeftovers } from './staging.ts';
import { fillFromStock } from './stock.ts';
import { checkLoads } from './trial.ts';
import { openWheel, type Wheel } from './wheel.ts';

export interface InstallOptions {
  readonly variant: PackVariant;
  /** A wheel, or a folder that holds one; without it pip fetches the release. */
  readonly from: string | undefined;
  /** The folder of all engine packs. */
  readonly engines: string;
  /** One sentence at the beginning of each stage, and whatever the user should know. */
  readonly note: (sentence: string) => void;
  /** Share of the present stage, 0 to 1. */
  readonly progress: (share: number) => void;
  /** Ends it: whatever runs for it is killed, and nothing is left. */
  readonly signal: AbortSignal;
}

const libraries = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'] as const;

/** What the C interface includes, directly or not. */
const headerFolders = ['tensorflow/c/', 'tensorflow/core/platform/', 'tsl/platform/', 'xla/tsl/c/'].map(
  (folder) => `tensorflow/include/${folder}`,
);

/**
 * Makes the pack under another name and renames it when it works: a folder `tensorflow` is always complete.
 * @throws MoatError engine-busy, engine-requirement-missing, engine-download-failed, engine-wheel-invalid,
 *   engine-build-failed; cancelled
 */
export async function installPack(options: InstallOptions): Promise<PackManifest> {
  const { engines, variant, note, signal } = options;
  const tools = requireBuildTools(thisProcess);
  const given = options.from === undefined ? undefined : findWheel(options.from, variant);
  return inStaging(engines, given === undefined ? variant : null, signal, async (staging) => {
    const pack = path.join(staging, 'pack');
    const scratch = path.join(staging, 'scratch');
    for (const folder of [pack, scratch]) mkdirSync(folder);
    const file = given ?? (await fetchWheel(options, scratch));
    note(`Checking ${path.basename(file)}.`);
    const sha256 = await checkWheelHash(file, given !== undefined, options);
    const wheel = await openWheel(file);
    try {
      checkWheelKind(wheel, file, variant);
      note('Unpacking libtensorflow (0.9 GB).');
      const files = await extractLibraries(wheel, pack, options);
      await extractHeaders(wheel, scratch, signal);
      note(`Building the binding with ${tools.compiler}.`);
      await buildBinding(tools, pack, scratch, signal);
      note('Trying it.');
      await checkLoads(path.join(pack, BINDING_FILE), signal);
      files.push(await describeFile(pack, BINDING_FILE));
      const manifest: PackManifest = {
        format: 1,
        engine: 'tensorflow',
        variant,
        version: wheel.version,
        platform: thisProcess.platform,
        source: { name: path.basename(file), sha256 },
        binding: BINDING_FILE,
        files,
      };
      writeFileSync(path.join(pack, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`);
      replace(pack, path.join(engines, 'tensorflow'), path.join(staging, 'replaced'));
      return manifest;
    } finally {
      wheel.close();
    }
  });
}

/**
 * The same with what the package downloads by itself (see `fillFromStock`).
 * @throws MoatError engine-busy, engine-requirement-missing, engine-download-failed, engine-build-failed; cancelled
 */
export async function installStockPack(
  options: Pick<InstallOptions, 'variant' | 'engines' | 'note' | 'signal'>,
): Promise<PackManifest> {
  const { engines, variant, note, signal } = options;
  return inStaging(engines, variant, signal, async (staging) => {
    const pack = path.join(staging, 'pack');
    note('Letting @tensorflow/tfjs-node-gpu fetch libtensorflow 2.9.1: no GPU newer than Ampere, CUDA 11.2.');
    const manifest = await fillFromStock(pack, variant, signal);
    replace(pack, path.join(engines, 'tensorflow'), path.join(staging, 'replaced'));
    return manifest;
  });
}

/**
 * A folder to work in while nobody else does, of which nothing is left however the work ends.
 * @param download what is to be fetched into it
 * @throws MoatError engine-busy, engine-requirement-missing, cancelled, and what the work throws
 */
async function inStaging<T>(
  engines: string,
  download: PackVariant | null,
  signal: AbortSignal,
  work: (staging: string) => Promise<T>,
): Promise<T> {
  requireFolder(engines);
  const lock = lockPacks(engines);
  let staging: string | undefined;
  try {
    removeLeftovers(engines);
    requireSpace(engines, download);
    staging = beginStaging(engines);
    return await work(staging);
  } catch (thrown) {
    if (!signal.aborted) throw refusedBySystem(thrown, engines);
    // Whatever was interrupted says something of its own: a wheel that ends early, a compiler that was killed.
    throw new MoatError('cancelled', 'The installation of the tensorflow engine was cancelled.', {
      cause: thrown,
    });
  } finally {
    if (staging !== undefined) rmSync(staging, { recursive: true, force: true });
    lock.release();
  }
}

/** @throws MoatError engine-requirement-missing, engine-download-failed */
async function fetchWheel(
  { variant, note, signal }: Pick<InstallOptions, 'variant' | 'note' | 'signal'>,
  folder: string,
): Promise<string> {
  const pip = findPip();
  const stage = `Fetching ${wheelProjects[variant]} with pip (${variant === 'cpu' ? '0.3' : '0.6'} GB).`;
  note(stage);
  return downloadWheel(pip, variant, folder, signal, (why) => note(`${stage} It had to try again: ${why}.`));
}

/** @throws MoatError path-missing, engine-wheel-invalid */
function findWheel(from: string, variant: PackVariant): string {
  const stats = statSync(from, { throwIfNoEntry: false });
  if (stats === undefined) throw new MoatError('path-missing', `There is no file or folder ${from}.`);
  if (stats.isFile()) return from;
  const project = wheelProjects[variant].replace('-', '_');
  const wheels = readdirSync(from)
    .filter((name) => name.startsWith(`${project}-`) && name.endsWith('.whl'))
    .sort();
  const [first] = wheels;
  if (first === undefined)
    throw new MoatError('engine-wheel-invalid', `${from} holds no wheel ${project}-*.whl.`);
  return path.join(from, wheels.find((name) => name in knownWheels) ?? first);
}

async function checkWheelHash(file: string, isGiven: boolean, options: InstallOptions): Promise<string> {
  const name = path.basename(file);
  const { size } = statSync(file);
  let read = 0;
  const onBytes = (bytes: number): void => {
    read += bytes;
    options.progress(read / size);
  };
  const sha256 = await hashFile(file, onBytes, options.signal);
  const known = knownWheels[name];
  if (known === sha256 || Object.values(knownWheels).includes(sha256)) return sha256;
  if (known !== undefined)
    throw new MoatError(
      isGiven ? 'engine-wheel-invalid' : 'engine-download-failed',
      `${isGiven ? name : `What pip fetched as ${name}`} is not the published file: its SHA-256 is ${sha256}, published is ${known}.`,
      { details: { file } },
    );
  if (!isGiven)
    throw new MoatError('engine-download-failed', `pip fetched ${name}, whose SHA-256 Moat does not know.`);
  options.note(`Moat does not know ${name}: it is checked against its own record only.`);
  return sha256;
}

/** @throws MoatError engine-wheel-invalid */
function checkWheelKind(wheel: Wheel, file: string, variant: PackVariant): void {
  const refuse = (what: string): MoatError =>
    new MoatError('engine-wheel-invalid', `${path.basename(file)} ${what}.`, { details: { file } });
  const wanted = wheelProjects[variant].replace('-', '_');
  const other = variant === 'cpu' ? 'gpu' : 'cpu';
  if (wheel.project === wheelProjects[other].replace('-', '_'))
    throw refuse(
      variant === 'cpu' ? 'is the build for GPUs; add --gpu' : 'is the build without GPUs; leave out --gpu',
    );
  if (wheel.project !== wanted) throw refuse(`is the package ${wheel.project}, not ${wanted}`);
  if (!wheel.tags.some((tag) => /manylinux.*_x86_64$/.test(tag)))
    throw refuse(`was made for ${wheel.tags.join(', ')}, and this is linux-x64`);
  for (const library of libraries)
    if (!wheel.entries.has(`tensorflow/${library}`)) throw refuse(`holds no tensorflow/${library}`);
}

async function extractLibraries(
  wheel: Wheel,
  pack: string,
  { progress, signal }: Pick<InstallOptions, 'progress' | 'signal'>,
): Promise<PackFile[]> {
  const total = libraries.reduce(
    (sum, name) => sum + (wheel.entries.get(`tensorflow/${name}`)?.uncompressedSize ?? 0),
    0,
  );
  let written = 0;
  const files: PackFile[] = [];
  for (const name of libraries) {
    const target = path.join('lib', name);
    const sha256 = await wheel.extract(`tensorflow/${name}`, path.join(pack, target), signal, (bytes) => {
      written += bytes;
      progress(written / total);
    });
    files.push({ path: target, bytes: statSync(path.join(pack, target)).size, sha256 });
  }
  return files;
}

async function extractHeaders(wheel: Wheel, scratch: string, signal: AbortSignal): Promise<void> {
  for (const name of wheel.entries.keys())
    if (name.endsWith('.h') && headerFolders.some((folder) => name.startsWith(folder)))
      await wheel.extract(name, path.join(scratch, name.replace(/^tensorflow\//, '')), signal);
}

/** A process killed between the two renames leaves no pack, which is found out, and never half of one. */
function replace(made: string, target: string, aside: string): void {
  if (existsSync(target)) renameSync(target, aside);
  renameSync(made, target);
}
