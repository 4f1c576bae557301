import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { AuditConfig } from '../contract/audit.ts';

/** Facts of machine and runtime that a number may depend on, as the report prints them. */
export function describeEnvironment(
  { engine, device }: Pick<AuditConfig, 'engine' | 'device'>,
  /** Why this engine and this device. */
  deviceReason?: string,
): Readonly<Record<string, string | number>> {
  const cpus = os.cpus();
  return {
    processor: cpus[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    platform: `${process.platform}-${process.arch}`,
    osRelease: os.release(),
    node: process.versions.node,
    engine,
    device,
    ...(deviceReason === undefined ? {} : { deviceReason }),
    onnxruntime: packageVersion('onnxruntime-node') ?? 'missing',
    tfjs: packageVersion('@tensorflow/tfjs-core') ?? 'missing',
  };
}

/** Version of an installed package, undefined when it is not there. */
export function packageVersion(name: string): string | undefined {
  // Not through import: few packages export their package.json.
  for (let folder = import.meta.dirname; ; folder = path.dirname(folder)) {
    try {
      const manifest: unknown = JSON.parse(
        readFileSync(path.join(folder, 'node_modules', name, 'package.json'), 'utf8'),
      );
      if (typeof manifest === 'object' && manifest !== null && 'version' in manifest)
        return String(manifest.version);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    if (folder === path.dirname(folder)) return undefined;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
