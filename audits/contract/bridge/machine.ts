import type { Method, Nothing } from './method.ts';

/** What computes: engines, their speed, what is wrong with the machine, what it does now. */
export interface MachineMethods {
  'engines.list': Method<Nothing, readonly EngineEntry[]>;
  /** Answered when it has ended: with the engine, with the failure, or with an engine that is not there since it was cancelled. */
  'engines.install': Method<{ readonly engine: string }, readonly EngineEntry[]>;
  /** Answered when nothing of the installation is left. */
  'engines.cancel': Method<{ readonly engine: string }, readonly EngineEntry[]>;
  'engines.remove': Method<{ readonly engine: string }, readonly EngineEntry[]>;
  /** The ten-second benchmark. */
  'machine.benchmark': Method<Nothing, { readonly lines: readonly BenchmarkLine[] }>;
  'machine.doctor': Method<Nothing, readonly HealthCheck[]>;
  /** What the device is doing now; null where it cannot be read. */
  'machine.gauge': Method<Nothing, MachineGauge>;
}

export interface EngineEntry {
  readonly id: string;
  readonly title: string;
  readonly state: 'ready' | 'not-installed' | 'broken';
  readonly devices: readonly string[];
  readonly sentence: string;
  readonly canInstall: boolean;
  readonly canRemove: boolean;
  readonly installation: EngineInstallation | null;
}

/**
 * How far an installation is, for windows that did not see it begin; that another program is at it; or how the last one ended,
 * where it was not by success.
 */
export type EngineInstallation =
  | { readonly state: 'running'; readonly fraction: number | null; readonly sentence: string }
  | { readonly state: 'elsewhere' | 'cancelled' | 'failed'; readonly sentence: string };

export interface BenchmarkLine {
  readonly label: string;
  readonly value: number;
  readonly unit: string;
}

export interface HealthCheck {
  readonly id: string;
  readonly status: 'ok' | 'absent' | 'warning' | 'problem';
  readonly sentence: string;
  readonly advice: string | null;
}

export interface MachineGauge {
  /** Of the engine and its workers. */
  readonly residentBytes: number;
  readonly totalBytes: number;
  readonly device: { readonly name: string; readonly usedBytes: number; readonly totalBytes: number } | null;
}
