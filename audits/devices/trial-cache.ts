import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { z } from 'zod';
import { digestOf } from '../plan/key.ts';
import { packageVersion } from '../report/environment.ts';
import { dataFolder } from '../data-folder.ts';
import { tryDevice, type Candidate, type Trial } from './try-device.ts';

/** Raised when trials measure something else. */
const TRIAL_VERSION = 1;

const trialSchema = z.union([
  z.object({
    usable: z.literal(true),
    parity: z.object({ loss: z.number(), update: z.number() }),
    stepsPerSecond: z.number().nullable(),
  }),
  z.object({ usable: z.literal(false), reason: z.string(), advice: z.string() }),
]);
const fileSchema = z.object({ fingerprint: z.string(), trials: z.record(z.string(), trialSchema) });

/** Variables by which a user shows or hides a device. */
const DEVICE_VARIABLES = [
  'CUDA_VISIBLE_DEVICES',
  'LD_LIBRARY_PATH',
  'VK_DRIVER_FILES',
  'VK_ICD_FILENAMES',
  'XDG_RUNTIME_DIR',
];

/** What a trial depends on, as far as it can be seen without asking a driver. */
export function machineFingerprint(environment: NodeJS.ProcessEnv = process.env): string {
  return digestOf({
    version: TRIAL_VERSION,
    onnxruntime: packageVersion('onnxruntime-node') ?? null,
    platform: [process.platform, process.arch, os.release()],
    processor: os.cpus()[0]?.model ?? null,
    cores: os.availableParallelism(),
    variables: DEVICE_VARIABLES.map((name) => environment[name] ?? null),
    drivers: [
      '/usr/share/vulkan/icd.d',
      '/etc/vulkan/icd.d',
      '/proc/driver/nvidia/gpus',
      '/sys/class/drm',
    ].map(namesIn),
  });
}

export type TryCandidate = (candidate: Candidate) => Promise<Trial>;

/**
 * Trials kept in the user's data folder, so that audits do not repeat them; another machine, runtime or driver list
 * makes them anew. A folder that cannot be written to costs the time of a trial, nothing else.
 * @param options.refresh measures again and replaces what is kept
 */
export function cachedTrials(
  options: {
    readonly folder?: string;
    readonly fingerprint?: string;
    readonly refresh?: boolean;
    readonly tryCandidate?: TryCandidate;
  } = {},
): TryCandidate {
  const file = path.join(options.folder ?? dataFolder(), 'devices.json');
  const fingerprint = options.fingerprint ?? machineFingerprint();
  const tryCandidate = options.tryCandidate ?? tryDevice;
  return async (candidate) => {
    const name = `${candidate.engine} ${candidate.device}`;
    const kept = read(file, fingerprint)[name];
    if (kept !== undefined && options.refresh !== true) return kept;
    const trial = await tryCandidate(candidate);
    // What failed for want of time says something about this minute, not about the machine.
    if (trial.usable ? trial.stepsPerSecond === null : trial.timedOut === true) return trial;
    // Read again: another audit may have written meanwhile.
    write(file, { fingerprint, trials: { ...read(file, fingerprint), [name]: trial } });
    return trial;
  };
}

function read(file: string, fingerprint: string): Readonly<Record<string, Trial>> {
  try {
    const kept = fileSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
    return kept.success && kept.data.fingerprint === fingerprint ? kept.data.trials : {};
  } catch {
    return {};
  }
}

function write(file: string, content: z.infer<typeof fileSchema>): void {
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    const temporary = `${file}.${process.pid}`;
    writeFileSync(temporary, `${JSON.stringify(content, null, 2)}\n`);
    renameSync(temporary, file);
  } catch {
    // Not kept: measured again next time.
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch {
    return [];
  }
}
